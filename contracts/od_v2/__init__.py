"""Open Delivery v2, the Customer capability (contracts B, seeds 001 and 002)."""
