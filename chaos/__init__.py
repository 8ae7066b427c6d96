"""Fault campaigns: a load, faults by a seed, and the check that nothing was lost (docs/chaos)."""
