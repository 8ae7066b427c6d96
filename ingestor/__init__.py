"""Consume, decode, apply, write receipts and dead letters, settle."""
