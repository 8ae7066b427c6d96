"""Surface A: the ODP v1 binding, `/v1/customer/...` (contracts A)."""
