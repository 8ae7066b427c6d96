"""Open Delivery v2 wire to domain: what each valid record is in canonical terms (contracts E)."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import orjson

from contracts.od_v2.customers import customer_identities, customer_merge
from contracts.operations import Origin
from contracts.times import millis_of
from domain.identity import IdentityKey
from domain.records import Entity, Fields, Record
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
    )


def _digest(content: Any) -> str:
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()
