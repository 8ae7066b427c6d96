"""Example bodies: those of the customer endpoints' own page, and ours where it has none."""

from typing import Any

_CUSTOMER = {
    "id": "customer-123",
    "externalIds": ["app:123", "crm:ABC-9"],
    "name": "Maria Souza",
    "contacts": {"email": "maria@example.com", "phone": "+55-11-99999-0000"},
    "consent": {"marketing": True, "updatedAt": "2026-03-24T12:00:00Z"},
    "createdAt": "2026-03-01T10:00:00Z",
    "updatedAt": "2026-03-24T12:00:00Z",
}
_EVENT = {
    "eventType": "customer.updated",
    "entityType": "customer",
    "occurredAt": "2026-03-24T12:00:00Z",
    "payload": {"customerId": "customer-123", "changedFields": ["contacts.email", "consent.marketing"]},
}
_LEAD = {"id": "lead-7", "source": "campaign", "status": "new", "customerRef": "customer-123"}
_ORDER = {
    "orderId": "order-55",
    "customerId": "customer-123",
    "salesChannel": "app",
    "timestamps": {"createdAt": "2026-03-24T11:30:00Z", "confirmedAt": "2026-03-24T11:31:00Z"},
}
_REVIEW = {"id": "review-3", "referenceType": "order", "score": 4.5, "comment": "Quick and warm"}

EXAMPLES: dict[str, dict[str, Any]] = {
    "customers": {"one": {"customer": _CUSTOMER}, "several": {"customers": [_CUSTOMER]}},
    "events": {"one": {"event": _EVENT}, "several": {"events": [_EVENT]}},
    "leads": {"one": {"lead": _LEAD}, "several": {"leads": [_LEAD]}},
    "orders": {"one": {"order": _ORDER}, "several": {"orders": [_ORDER]}},
    "reviews": {"one": {"review": _REVIEW}, "several": {"reviews": [_REVIEW]}},
}
"""By what the operation takes: each example's name and body."""
