"""What a contract offers for each of its ingestion operations."""

from dataclasses import dataclass
from typing import Protocol

from domain.records import Entity, Fault, Record

MAX_RECORDS = 1_000
"""Records in one body (ruling R3)."""

MAX_FAULTS = 100
"""Faults named in one answer; the rest are only counted."""


@dataclass(frozen=True, slots=True)
class Malformed:
    """One record of a body, or all of it, that breaks the contract."""

    index: int | None
    """The record's place in the body; None for the body as a whole."""
    faults: tuple[Fault, ...]
    body: bytes
    """The record's own bytes as they were sent, or the whole body."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What validation says of a body, without building records."""

    records: int
    """How many records the body holds, malformed ones included; 0 where it cannot be told."""
    malformed: tuple[Malformed, ...] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a body came from: what decoding needs besides its bytes."""

    tenant: str
    ingestion_id: str
    accepted_at: int
    """Milliseconds since the Unix epoch."""
    index: int = 0
    """The place of the first record: that of a record that was taken out of its body."""
    trace: str = ""
    """W3C `traceparent` of the request, or empty."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A body as records, good and bad, each with its place in the body."""

    records: tuple[tuple[int, Record], ...]
    malformed: tuple[Malformed, ...]


class Operation(Protocol):
    """One ingestion operation of one contract, such as `odp.v1.customers`."""

    @property
    def name(self) -> str:
        """The name in message headers, receipts and dead letters."""

    @property
    def entity(self) -> Entity:
        """The kind of record it carries."""

    def count(self, body: bytes) -> int | None:
        """How many records `body` holds, if a quick look finds them all right; else None."""

    def check(self, body: bytes) -> Checked:
        """Validate `body` from bytes. A body over MAX_RECORDS has the fault TOO_MANY_RECORDS."""

    def decode(self, body: bytes, origin: Origin) -> Decoded:
        """The records of `body`. Never raises for anything that `body` holds."""

    def wrap(self, record: bytes) -> bytes:
        """A body that holds the one record whose bytes are given."""

    def roots(self, index: int) -> tuple[str, ...]:
        """The JSON Pointers that the record at `index` of a body can have; the last is the one that
        `wrap` gives to the record at 0."""
