"""Entities, rules and use cases. No I/O; imports nothing of ours."""
