"""Example records: those of the Customer capability's own page, and ours where it has none."""

from typing import Any

_CUSTOMER_MINIMAL = {"identifier": {"type": "phone", "value": "+5511999999999"}}
_CUSTOMER = {
    "identifier": {"type": "external_id", "value": "crm:customer:93821"},
    "name": "Maria Silva",
    "contacts": {"emails": [{"email": "maria.silva@example.com", "isPrimary": True}]},
    "externalIds": [
        {"source": "PDV", "sourceName": "PDV Loja Centro", "key": "customerCode", "value": "C12345"}
    ],
    "metadata": {
        "restrictions": ["requiresManualReview"],
        "customRules": {"requiresManualReview": True},
        "customTags": ["vip"],
    },
}
_LEAD = {
    "id": "lead-001",
    "name": "Ana Souza",
    "contact": "ana.souza@example.com",
    "externalIds": [{"source": "CRM", "sourceName": "CRM Core", "key": "leadCode", "value": "L-1020"}],
}
_ORDER_SNAPSHOT = {"id": "ord-001", "status": "CONFIRMED", "customer": {"id": "cust-001"}}
_ORDER = {
    "id": "b1a1d7cc-3c4f-4f1e-9d52-7a0f6e0a8c11",
    "type": "TAKEOUT",
    "displayId": "4711",
    "salesChannel": "app",
    "createdAt": "2026-06-01T11:30:00Z",
    "lastEvent": "CONFIRMED",
    "orderTiming": "INSTANT",
    "preparationStartDateTime": "2026-06-01T11:35:00Z",
    "merchant": {"id": "merchant-01", "name": "Loja Centro"},
    "items": [
        {
            "id": "0b8a6a55-58c5-4d33-9b39-2f4a1c0d9e22",
            "name": "Feijoada",
            "externalCode": "F-1",
            "unit": "UN",
            "quantity": 1,
            "unitPrice": {"value": 79.9, "currency": "BRL"},
            "totalPrice": {"value": 79.9, "currency": "BRL"},
        }
    ],
    "total": {
        "itemsPrice": {"value": 79.9, "currency": "BRL"},
        "otherFees": {"value": 0, "currency": "BRL"},
        "discount": {"value": 0, "currency": "BRL"},
        "orderAmount": {"value": 79.9, "currency": "BRL"},
    },
    "payments": {
        "prepaid": 79.9,
        "pending": 0,
        "methods": [{"value": 79.9, "currency": "BRL", "type": "PREPAID", "method": "PIX"}],
    },
}
_REVIEW = {
    "reviewId": "rev-001",
    "reviewType": "ORDER",
    "overallRating": {"ratingStyle": "STAR", "value": 4, "comment": "Fast delivery and good food."},
    "subject": {"orderId": "ord-001", "merchantId": "merchant-01"},
    "customer": {"customerId": "cust-001", "email": "maria.silva@example.com"},
    "reviewDate": "2026-06-01T12:00:00Z",
    "source": {"system": "CRM", "channel": "DELIVERY_APP"},
}
_EVENT = {
    "eventType": "ORDER_COMPLETED",
    "occurredAt": "2026-06-01T12:30:00Z",
    "customerId": "cust-001",
    "data": {"orderId": "ord-001", "totalAmount": 7990, "currency": "BRL"},
}

EXAMPLES: dict[str, dict[str, Any]] = {
    "customers": {"minimal": _CUSTOMER_MINIMAL, "enriched": _CUSTOMER},
    "leads": {"lead": _LEAD},
    "orders": {"whole": _ORDER, "snapshot": _ORDER_SNAPSHOT},
    "reviews": {"review": _REVIEW},
    "events": {"event": _EVENT},
}
"""By what an operation takes: each example's name and record; the first order keeps the whole V1 schema."""
