"""Receipts: what became of every record of an ingestion (design §6, invariant 1)."""

import hashlib
from dataclasses import dataclass, field

from domain.records import Applied, Outcome


@dataclass(frozen=True, slots=True)
class RecordResult:
    """The result of one record that was not simply applied, or that left a conflict."""

    index: int
    outcome: Outcome
    code: str
    message: str
    pointer: str = ""
    record_id: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The end of one ingestion. The first receipt of an ingestion stands."""

    ingestion_id: str
    tenant: str
    operation: str
    body_digest: str
    """SHA-256, hex, of the body: tells a repeat from another body under the same key."""
    accepted_at: int
    done_at: int
    counts: dict[Outcome, int]
    results: tuple[RecordResult, ...] = ()
    """The stale and dead records, and those with conflicts, by index."""

    @property
    def records(self) -> int:
        """How many records the ingestion held."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record, or a whole message, that could not be stored and waits for an operator."""

    id: str
    """Derived from the ingestion and the record's index: written twice, it is still one."""
    tenant: str
    operation: str
    ingestion_id: str
    index: int | None
    """The record's place in the body; None where the body as a whole is at fault."""
    stage: str
    """`decode`, `write` or `delivery`."""
    code: str
    message: str
    pointer: str
    body: bytes
    """The original bytes: of the record alone where it could be cut out, else of the body."""
    headers: dict[str, str]
    attempts: int
    records: int
    """How many records it stands for: 1, or the body's count."""
    accepted_at: int
    first_seen: int
    last_seen: int
    attempted_at: tuple[int, ...] = ()
    """When each attempt was made that ended in this letter, oldest first, in milliseconds since the Unix
    epoch; those of replays are in its history."""


@dataclass(frozen=True, slots=True)
class DedupeCandidate:
    """Two customers that one identity key points to; a person decides whether they are one."""

    tenant: str
    customer_id: str
    other_id: str
    key: str
    """`IdentityKey.encode()`."""
    seen_at: int

    @property
    def id(self) -> str:
        """Derived from the pair and the key, whichever of the two came first."""
        pair = sorted((self.customer_id, self.other_id))
        return hashlib.sha256("\x1f".join((self.tenant, *pair, self.key)).encode()).hexdigest()


@dataclass(slots=True)
class Tally:
    """Counts outcomes and keeps the results worth telling, while an ingestion is applied."""

    counts: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))
    results: list[RecordResult] = field(default_factory=list)

    def add(self, index: int, applied: Applied) -> None:
        """Take in the result of the record at `index`, which is not dead."""
        self.counts[applied.outcome] += 1
        if applied.outcome is Outcome.STALE:
            self.results.append(
                RecordResult(
                    index,
                    applied.outcome,
                    "VERSION_CONFLICT",
                    "a newer version of this record is stored, or its customer was erased since",
                    record_id=applied.record_id,
                )
            )
        elif applied.conflicts:
            kinds = ", ".join(sorted({conflict.key.kind for conflict in applied.conflicts}))
            self.results.append(
                RecordResult(
                    index,
                    applied.outcome,
                    _conflict_code(applied),
                    f"identity keys belong to another customer: {kinds}",
                    record_id=applied.record_id,
                )
            )

    def add_dead(self, records: int, result: RecordResult) -> None:
        """Take in `records` that are dead for one reason."""
        self.counts[Outcome.DEAD] += records
        self.results.append(result)


def _conflict_code(applied: Applied) -> str:
    kinds = {conflict.key.kind for conflict in applied.conflicts}
    return "DUPLICATE_EXTERNAL_ID" if "external" in kinds else "DUPLICATE_IDENTITY"
