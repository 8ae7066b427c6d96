"""Records: what a sender sent of one customer, lead, order, review or event, and what is stored."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from domain.clock import to_millis
from domain.facts import Fact
from domain.fold import Fold, newest_stands
from domain.identity import IdentityKey, KeyKind
from domain.ingestion_id import base32
from domain.version import Version

Fields = dict[str, Any]
"""Canonical columns (contracts E.1): JSON scalars, aware datetimes, lists and dicts of them."""


class Entity(StrEnum):
    """The five kinds of record."""

    CUSTOMER = "customer"
    LEAD = "lead"
    ORDER = "order"
    REVIEW = "review"
    EVENT = "event"


_ID_PREFIX = {
    Entity.CUSTOMER: "cust",
    Entity.LEAD: "lead",
    Entity.ORDER: "ord",
    Entity.REVIEW: "rev",
    Entity.EVENT: "evt",
}


@dataclass(frozen=True, slots=True)
class Record:
    """One record as it arrived, in canonical terms."""

    entity: Entity
    tenant: str
    source: str
    """The contract it came by, such as `odp_v1`; each contract has its own versions of a record."""
    key: str
    """What the sender calls the record; for an event, the digest of its content."""
    version: Version
    digest: str
    """SHA-256, hex, of the sender's document in canonical JSON: equal content, equal digest."""
    document: str
    """The sender's document, as JSON text, with every field that it had."""
    fields: Fields
    identities: tuple[IdentityKey, ...] = ()
    """Identity keys, strongest first (contracts E.3); empty where `key` alone names the record."""
    fold: Fold = newest_stands
    """How it changes what came by its contract before."""
    trace: str = ""
    """W3C `traceparent` of the request that brought it, or empty."""

    @property
    def anchor(self) -> str:
        """What the record's id is derived from where it is new."""
        if self.entity is not Entity.CUSTOMER:
            return self.key
        return next(key.encode() for key in self.identities if key.kind is not KeyKind.CUSTOMER)

    def state(self) -> "SourceState":
        """What is known of a record when nothing but this came by its contract."""
        return SourceState(self.key, self.version, self.digest, self.document, Outcome.CREATED, self.fields)


@dataclass(frozen=True, slots=True)
class SourceState:
    """What is known of a record by one contract."""

    key: str
    version: Version
    """The newest that came."""
    digest: str
    document: str
    outcome: "Outcome"
    """What became of that version, so that a redelivery answers as the first delivery did."""
    fields: Fields
    """The canonical columns that this contract says."""
    times: Mapping[str, Version] = field(default_factory=dict)
    """Where documents are merged: the versions that parts of it are from, when that is not
    `version`. Parts are canonical columns by name and members of the document by JSON Pointer; one
    that is not there any more was cleared then."""

    def time_of(self, part: str) -> Version:
        """The version that a part of the document is from."""
        return self.times.get(part, self.version)


_OCCURRED = {
    Entity.CUSTOMER: "source_created_at",
    Entity.LEAD: "source_created_at",
    Entity.ORDER: "placed_at",
    Entity.REVIEW: "reviewed_at",
    Entity.EVENT: "occurred_at",
}


@dataclass(slots=True)
class Stored:
    """A record as the store keeps it."""

    id: str
    entity: Entity
    tenant: str
    revision: int
    """Starts at 1, plus 1 a write; a write names the revision it replaces."""
    fields: Fields
    sources: dict[str, SourceState]
    created_at: int
    """When it was first stored, by our clock, in milliseconds since the Unix epoch."""
    updated_at: int
    """When it was last written, by our clock, in milliseconds since the Unix epoch."""
    outbox: tuple[Fact, ...] = ()
    """Facts about it that are not on their way yet, in order; written with it, so that none is lost."""

    @property
    def version(self) -> Version:
        """The newest version that came by any contract."""
        return max(state.version for state in self.sources.values())

    @property
    def occurred_at(self) -> int:
        """When the thing itself happened, in milliseconds since the Unix epoch; where the sender did
        not say, when it was first stored."""
        moment = self.fields.get(_OCCURRED[self.entity])
        return self.created_at if moment is None else to_millis(moment)


class Outcome(StrEnum):
    """What became of a record; every accepted one ends in exactly one of these (invariant 1)."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    STALE = "stale"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a record, or a whole body, is refused."""

    code: str
    """UPPER_SNAKE and stable."""
    message: str
    """What is wrong, for a person; holds nothing of the payload."""
    pointer: str = ""
    """JSON Pointer (RFC 6901) into the request body; empty for the whole of it."""


@dataclass(frozen=True, slots=True)
class KeyConflict:
    """An identity key that a record brought and that belongs to another customer."""

    key: IdentityKey
    owner: str
    """The customer id it belongs to."""


@dataclass(frozen=True, slots=True)
class Applied:
    """The result of applying one record."""

    outcome: Outcome
    record_id: str
    conflicts: tuple[KeyConflict, ...] = ()
    fault: Fault | None = None
    """Set exactly where the outcome is `dead`."""


@dataclass(slots=True)
class Write:
    """A conditional write of one stored record.

    With `expected_revision` None the record must not exist yet; otherwise it must be stored with
    exactly that revision.
    """

    record: Stored
    expected_revision: int | None
    last_place: int = 0
    """Which of the records being applied made the last change to it."""


def is_id(entity: Entity, text: str) -> bool:
    """Whether `text` looks like the id of a record, of whatever tenant, or of none."""
    return len(text) == len(_ID_PREFIX[entity]) + 27 and text.startswith(f"{_ID_PREFIX[entity]}_")


def derived_id(entity: Entity, tenant: str, key: str) -> str:
    """The id of the record that (tenant, key) names.

    Derived, not drawn, so that two ingestors that meet the same new record agree without a lock.
    """
    material = "\x1f".join((entity, tenant, key)).encode()
    number = int.from_bytes(hashlib.sha256(material).digest()[:16], "big")
    return f"{_ID_PREFIX[entity]}_{base32(number, 128)}"
