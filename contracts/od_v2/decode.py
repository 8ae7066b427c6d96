"""Open Delivery v2 wire to domain: what each valid record is in canonical terms (contracts E)."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import orjson

from contracts.leads import lead_identities
from contracts.od_v2.columns import event_columns, order_columns, review_columns
from contracts.od_v2.customers import customer_identities, customer_merge, external_key
from contracts.od_v2.leads import LEADS
from contracts.operations import Origin
from contracts.times import millis_of
from domain.clock import to_millis
from domain.fold import first_stands, newest_stands
from domain.identity import IdentityKey
from domain.records import Entity, Fields, Record, derived_id
from domain.version import Version

SOURCE = "od_v2"
"""What this contract's versions of a record are kept under."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wire:
    """One valid record of a body."""

    index: int
    value: Json
    """As the models have it: timestamps are aware datetimes."""
    raw: Json
    """As it was sent."""


Decoder = Callable[[Wire, Origin], Record]
"""Makes a Record of a valid record."""


def customers(region: str) -> Decoder:
    """A decoder of customers; `region` is the country of phone numbers written without one."""
    merge = customer_merge(region)

    def decode(wire: Wire, origin: Origin) -> Record:
        document = merge.layout.normalized(wire.raw)
        fields = merge.columns(document)
        identifier = fields["identifier"]
        key = document.get("id") or f"{identifier['type']}:{identifier['value']}"
        keys = customer_identities(document, fields, region)
        return replace(_record(Entity.CUSTOMER, wire, origin, key, fields, keys), fold=merge)

    return decode


def lead(wire: Wire, origin: Origin) -> Record:
    """A lead: its key is the sender's id, else its first external id, else a name of its own."""
    document = LEADS.layout.normalized(wire.raw)
    fields = LEADS.columns(document)
    external = [f"external:{external_key(one)}" for one in fields.get("external_ids", ())]
    key = document.get("id") or next(iter(external), f"{origin.ingestion_id}/{wire.index}")
    keys = lead_identities(document.get("id"), external)
    return replace(_record(Entity.LEAD, wire, origin, key, fields, keys), fold=LEADS)


def orders(region: str) -> Decoder:
    """A decoder of orders; `region` is the country of phone numbers written without one."""

    def decode(wire: Wire, origin: Origin) -> Record:
        return _record(Entity.ORDER, wire, origin, wire.value["id"], order_columns(wire.value, region))

    return decode


def review(wire: Wire, origin: Origin) -> Record:
    """A review: its key is the sender's id, or one made up for it, which it is answered with."""
    review_id = wire.value.get("reviewId")
    if not review_id:
        review_id = derived_id(Entity.REVIEW, origin.tenant, f"{origin.ingestion_id}/{wire.index}")
        wire = replace(wire, raw={**wire.raw, "reviewId": review_id})
    fields = {"review_id": review_id, **review_columns(wire.value)}
    return replace(_record(Entity.REVIEW, wire, origin, review_id, fields), fold=first_stands)


def event(wire: Wire, origin: Origin) -> Record:
    """An event: its key is the sender's id, else the digest of the fact, so that a replay is the same."""
    value = wire.value
    moment: datetime = value["occurredAt"]
    event_id = value.get("id") or value.get("eventId")
    fact = [
        value["eventType"],
        moment.astimezone(UTC).isoformat(),
        wire.raw.get("customerId"),
        wire.raw.get("data"),
    ]
    record = _record(Entity.EVENT, wire, origin, event_id or _digest(fact), event_columns(value, event_id))
    version = Version(to_millis(moment), origin.ingestion_id, wire.index)
    return replace(record, version=version, fold=first_stands if event_id else newest_stands)


def _record(
    entity: Entity, wire: Wire, origin: Origin, key: str, fields: Fields, keys: tuple[IdentityKey, ...] = ()
) -> Record:
    at = millis_of(wire.raw.get("updatedAt"))
    return Record(
        entity=entity,
        tenant=origin.tenant,
        source=SOURCE,
        key=key,
        version=Version(origin.accepted_at if at is None else at, origin.ingestion_id, wire.index),
        digest=_digest(wire.raw),
        document=orjson.dumps(wire.raw).decode(),
        fields=fields,
        identities=keys,
        trace=origin.trace,
    )


def _digest(content: Any) -> str:
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()
