"""The ledger: accepted = created + updated + unchanged + stale + dead + in flight (invariant 1)."""
