"""Loyalty: accounts of points, whose ledger is only ever appended to (contracts B.10, D.6)."""
