"""Canonical columns of Open Delivery v2 orders, reviews and events (contracts E.1, E.5)."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from contracts.phones import phone_number
from contracts.times import instant
from domain.events import normalized_event_type
from domain.identity import IdentityKey, KeyKind, normalize_document, normalize_email
from domain.records import Fields

Json = dict[str, Any]


def order_columns(order: Json, region: str) -> Fields:
    """The columns of a valid order; `region` is the country of phone numbers written without one."""
    price = _within(order, "total", "orderAmount")
    amount = price.get("value")
    return _present(
        {
            "order_id": order["id"],
            "customer_ref": _orderer(order.get("customer") or {}, region),
            "sales_channel": order.get("salesChannel"),
            "merchant_id": _within(order, "merchant").get("id"),
            "display_id": order.get("displayId"),
            "type": order.get("type"),
            "status": order.get("status") or order.get("lastEvent"),
            "amount": None if amount is None else format(Decimal(str(amount)).normalize(), "f"),
            "currency": price.get("currency"),
            "placed_at": instant(order["createdAt"]) if order.get("createdAt") else None,
            "items_count": len(order["items"]) if order.get("items") is not None else None,
        }
    )


def review_columns(review: Json) -> Fields:
    """The columns of a valid review, besides its id."""
    rating, customer, source = review["overallRating"], _within(review, "customer"), _within(review, "source")
    return _present(
        {
            "review_type": review["reviewType"],
            "rating": _present(
                {"style": rating["ratingStyle"], "value": rating["value"], "comment": rating.get("comment")}
            ),
            "order_id": _within(review, "subject").get("orderId"),
            "merchant_id": _within(review, "subject").get("merchantId"),
            "customer_ref": _first(
                [
                    by_id(customer.get("customerId")),
                    _by(KeyKind.EMAIL, normalize_email(customer.get("email") or "") or ""),
                ]
            ),
            "reviewed_at": instant(review["reviewDate"]),
            "source": _present({"system": source.get("system"), "channel": source.get("channel")}),
        }
    )


def event_columns(event: Json, event_id: str | None) -> Fields:
    """The columns of a valid event."""
    return _present(
        {
            "event_id": event_id,
            "event_type": event["eventType"],
            "event_type_norm": normalized_event_type(event["eventType"]),
            "occurred_at": instant(event["occurredAt"]),
            "customer_ref": by_id(event.get("customerId")),
        }
    )


def by_id(customer_id: str | None) -> str | None:
    """A reference to the customer whom the sender calls that."""
    return f"id:{customer_id}" if customer_id else None


def _orderer(customer: Json, region: str) -> str | None:
    number = _within(customer, "phone").get("number") or ""
    return _first(
        [
            by_id(customer.get("id")),
            _by(KeyKind.DOCUMENT, normalize_document(customer.get("documentNumber") or "")),
            _by(KeyKind.PHONE, phone_number(number, region) or ""),
            _by(KeyKind.EMAIL, normalize_email(customer.get("email") or "") or ""),
        ]
    )


def _by(kind: KeyKind, value: str) -> str | None:
    return IdentityKey(kind, value).encode() if value else None


def _first(references: Iterable[str | None]) -> str | None:
    return next(filter(None, references), None)


def _within(document: Json, *names: str) -> Json:
    """The object at the end of a path of members; empty where there is none."""
    for name in names:
        document = document.get(name) or {}
    return document


def _present(columns: Fields) -> Fields:
    return {column: value for column, value in columns.items() if value not in (None, "", {})}
