"""Surface B, Open Delivery v2: `/v2/...` (contracts B, seeds 001 and 002)."""
