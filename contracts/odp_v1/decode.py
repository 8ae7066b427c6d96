"""ODP v1 wire to domain: what each valid record is in canonical terms (contracts E)."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from contracts.leads import lead_identities
from contracts.odp_v1.customers import customer_fields, identities
from contracts.operations import Origin
from contracts.times import instant, millis_of
from domain.clock import to_millis
from domain.events import normalized_event_type
from domain.identity import IdentityKey, KeyKind
from domain.records import Entity, Fields, Record
from domain.version import Version

SOURCE = "odp_v1"
"""What this contract's versions of a record are kept under."""


@dataclass(frozen=True, slots=True)
class Wire:
    """One valid record of a body."""

    index: int
    value: dict[str, Any]
    """As the models have it: timestamps are aware datetimes."""
    raw: dict[str, Any]
    """As it was sent."""


Decoder = Callable[[Wire, Origin, str], Record]
"""Makes a Record of a valid record; the string is the region of phone numbers without a country."""


def customer(wire: Wire, origin: Origin, region: str) -> Record:
    """A customer: its key is the sender's id, its version the sender's `updatedAt`."""
    fields = customer_fields(wire.value, wire.raw, region)
    at = to_millis(wire.value["updatedAt"])
    return _record(Entity.CUSTOMER, wire, origin, wire.value["id"], at, fields, identities(fields))


def lead(wire: Wire, origin: Origin, region: str) -> Record:
    """A lead: its key is the sender's id, its version when it was accepted."""
    value = wire.value
    fields: Fields = {"lead_id": value["id"], "source": value["source"], "status": value["status"]}
    if value.get("customerRef"):
        fields["customer_ref"] = _customer_ref(value["customerRef"])
    keys = lead_identities(value["id"])
    return _record(Entity.LEAD, wire, origin, value["id"], _updated_at(wire, origin), fields, keys)


_MARKERS = (
    ("canceledAt", "canceled_at", "CANCELLED"),
    ("completedAt", "completed_at", "CONCLUDED"),
    ("confirmedAt", "confirmed_at", "CONFIRMED"),
    ("createdAt", "placed_at", "CREATED"),
)
"""Lifecycle markers, the last in an order's life first: the field each fills, the status it means."""


def order(wire: Wire, origin: Origin, region: str) -> Record:
    """An order view: its key is the order id, its version when it was accepted."""
    value = wire.value
    fields: Fields = {
        "order_id": value["orderId"],
        "customer_ref": _customer_ref(value["customerId"]),
        "sales_channel": value["salesChannel"],
    }
    for marker, column, status in _MARKERS:
        if marker in value["timestamps"]:
            fields[column] = instant(value["timestamps"][marker])
            fields.setdefault("status", status)
    return _record(Entity.ORDER, wire, origin, value["orderId"], _updated_at(wire, origin), fields)


_REVIEW_TYPES = {
    "order": "ORDER",
    "store": "MERCHANT_EXPERIENCE",
    "experience": "MERCHANT_EXPERIENCE",
}


def review(wire: Wire, origin: Origin, region: str) -> Record:
    """A review: its key is the sender's id, its version when it was accepted."""
    value = wire.value
    rating: dict[str, Any] = {"style": "OTHER", "value": value["score"]}
    if value.get("comment"):
        rating["comment"] = value["comment"]
    fields: Fields = {
        "review_id": value["id"],
        "review_type": _REVIEW_TYPES[value["referenceType"]],
        "reference_type": value["referenceType"],
        "rating": rating,
    }
    return _record(Entity.REVIEW, wire, origin, value["id"], _updated_at(wire, origin), fields)


def event(wire: Wire, origin: Origin, region: str) -> Record:
    """An event: its key is the digest of the fact, so that a replay is the same record."""
    value, raw = wire.value, wire.raw
    moment: datetime = value["occurredAt"]
    fields: Fields = {
        "event_type": value["eventType"],
        "event_type_norm": normalized_event_type(value["eventType"]),
        "entity_type": value["entityType"],
        "occurred_at": instant(moment),
    }
    customer_id = raw["payload"].get("customerId")
    if isinstance(customer_id, str) and customer_id:
        fields["customer_ref"] = _customer_ref(customer_id)
    occurred_at = moment.astimezone(UTC).isoformat()
    fact = [value["eventType"], value["entityType"], occurred_at, raw["payload"]]
    return _record(Entity.EVENT, wire, origin, _digest(fact), to_millis(moment), fields)


def _record(
    entity: Entity,
    wire: Wire,
    origin: Origin,
    key: str,
    at: int,
    fields: Fields,
    keys: tuple[IdentityKey, ...] = (),
) -> Record:
    return Record(
        entity=entity,
        tenant=origin.tenant,
        source=SOURCE,
        key=key,
        version=Version(at, origin.ingestion_id, wire.index),
        digest=_digest(wire.raw),
        document=orjson.dumps(wire.raw).decode(),
        fields=fields,
        identities=keys,
        trace=origin.trace,
    )


def _digest(content: Any) -> str:
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _updated_at(wire: Wire, origin: Origin) -> int:
    """The binding gives these records no `updatedAt`; a sender who adds one is believed."""
    at = millis_of(wire.raw.get("updatedAt"))
    return origin.accepted_at if at is None else at


def _customer_ref(customer_id: str) -> str:
    return IdentityKey(KeyKind.LOGICAL, customer_id).encode()
