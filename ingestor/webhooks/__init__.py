"""Webhooks out: facts from the records' outboxes to the endpoints of their tenants."""
