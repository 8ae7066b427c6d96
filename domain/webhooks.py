"""Which facts a change of a record makes (contracts B.11, E.4). Pure.

Of what Portico stored itself a fact tells the names and the state, and nothing of how to reach a
person: whoever may know that reads it through the API. A received event is passed on as it came.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from domain.facts import Fact, Webhook, position
from domain.ingestion_id import base32
from domain.records import Entity, Fields, Outcome, Record, Stored

MOST = 1_000
"""Facts that one record keeps; where they are not taken for so long, the oldest are dropped, as a
record that cannot be stored would be worse."""

_CHANGED = frozenset({Outcome.CREATED, Outcome.UPDATED})

_TOLD: Mapping[Entity, Mapping[str, str]] = {
    Entity.CUSTOMER: {
        "logical_ids": "logicalIds",
        "external_ids": "externalIds",
        "merchant_id": "merchantId",
        "status": "status",
    },
    Entity.LEAD: {
        "lead_id": "leadId",
        "external_ids": "externalIds",
        "source": "source",
        "status": "status",
    },
    Entity.ORDER: {
        "order_id": "orderId",
        "display_id": "displayId",
        "type": "type",
        "status": "status",
        "merchant_id": "merchantId",
        "sales_channel": "salesChannel",
        "amount": "amount",
        "currency": "currency",
        "items_count": "itemsCount",
        "placed_at": "createdAt",
    },
    Entity.REVIEW: {
        "review_id": "reviewId",
        "review_type": "reviewType",
        "rating": "rating",
        "order_id": "orderId",
        "merchant_id": "merchantId",
        "source": "source",
        "reviewed_at": "reviewDate",
    },
}
"""Canonical columns in a fact's payload, and their names there."""

_ORDER_ENDS: Mapping[str, str] = {
    "completed": "order.completed",
    "concluded": "order.completed",
    "canceled": "order.canceled",
    "cancelled": "order.canceled",
}
"""States of an order (lower case) that are facts of their own."""

_IMPERSONAL_IDENTIFIERS = frozenset({"external_id", "custom"})


def with_facts(after: Stored, before: Stored | None, record: Record, outcome: Outcome) -> Stored:
    """`after`, with the facts that `record` made of `before`, behind those not taken yet."""
    if outcome not in _CHANGED:
        return after
    made = [
        _fact(record, after, type_, len(after.outbox) + number)
        for number, type_ in enumerate(_types(record, before, after, outcome))
    ]
    return replace(after, outbox=(*after.outbox, *made)[-MOST:])


def _types(record: Record, before: Stored | None, after: Stored, outcome: Outcome) -> Iterator[str]:
    match record.entity:
        case Entity.EVENT | Entity.REVIEW if outcome is not Outcome.CREATED:
            return
        case Entity.EVENT:
            yield str(after.fields["event_type"])
        case _:
            yield f"{record.entity}.{outcome}"
    if record.entity is Entity.ORDER:
        end = _order_end(after.fields)
        if end is not None and (before is None or _order_end(before.fields) != end):
            yield end


def _order_end(fields: Fields) -> str | None:
    return _ORDER_ENDS.get(str(fields.get("status", "")).lower())


def _fact(record: Record, after: Stored, type_: str, number: int) -> Fact:
    is_event, is_customer = record.entity is Entity.EVENT, record.entity is Entity.CUSTOMER
    return Fact(
        id=fact_id(after.id, record.source, record.version.encode(), type_),
        webhook=Webhook.CUSTOMER,
        type=type_,
        tenant=record.tenant,
        occurred_at=after.occurred_at if is_event else record.version.at,
        made_at=after.updated_at,
        position=position(after.updated_at, after.revision, number),
        record_id=after.id,
        customer_id=after.id if is_customer else None,
        customer_ref=None if is_customer else after.fields.get("customer_ref"),
        payload=record.document if is_event else _payload(after),
        names=_names(after.fields),
        trace=record.trace,
    )


def fact_id(*cause: str) -> str:
    """The id of the fact that `cause` makes: the record, its version, and what it is a fact of."""
    digest = hashlib.sha256("\x1f".join(cause).encode()).digest()
    return f"fct_{base32(int.from_bytes(digest[:16], 'big'), 128)}"


def _payload(after: Stored) -> str:
    told = {
        name: _rating(after.fields[column]) if column == "rating" else after.fields[column]
        for column, name in _TOLD[after.entity].items()
        if column in after.fields
    }
    return json.dumps({"id": after.id, **told}, default=_text, ensure_ascii=False)


def _rating(rating: Mapping[str, Any]) -> dict[str, Any]:
    """Without the comment, in which people say anything."""
    return {name: rating[name] for name in ("style", "value") if name in rating}


def _names(fields: Fields) -> dict[str, str | Mapping[str, str]]:
    names: dict[str, str | Mapping[str, str]] = {}
    if order_id := fields.get("order_id"):
        names["orderId"] = str(order_id)
    identifier = fields.get("identifier")
    if identifier and identifier["type"] in _IMPERSONAL_IDENTIFIERS:
        names["customerIdentifier"] = {"type": identifier["type"], "value": identifier["value"]}
    return names


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return str(value)
