"""What the clients of a load know: what they sent, what was accepted, and how long it took."""

from array import array
from collections import Counter
from dataclasses import dataclass, field

from cli.load.plan import Batch
from cli.load.records import KINDS

_PERCENTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "p99.9": 0.999, "max": 1.0}


@dataclass(frozen=True, slots=True)
class Accepted:
    """An ingestion that was answered with 202."""

    id: str
    records: int
    faulty: tuple[int, ...]
    """The places of its faulty records."""


class Known:
    """The newest version of each record of a kind that was sent, and that was accepted; 0 for none."""

    def __init__(self) -> None:
        """Nothing yet; numbers go up from 0."""
        self.sent = array("i")
        self.accepted = array("i")

    def note(self, versions: "array[int]", number: int, version: int) -> None:
        """Enter a version into one of the two."""
        if number >= len(versions):
            versions.extend([0] * (number + 1 - len(versions)))
        versions[number] = max(versions[number], version)


@dataclass
class Book:
    """The accounts of a load. Records where nothing else is said."""

    known: dict[str, Known] = field(default_factory=lambda: {kind: Known() for kind in KINDS})
    accepted: list[Accepted] = field(default_factory=list)
    attempts: Counter[str] = field(default_factory=Counter)
    """Of every attempt, by status, or `no answer`."""
    requests: Counter[str] = field(default_factory=Counter)
    """The same in requests."""
    acknowledged: int = 0
    recovered: int = 0
    """Acknowledged after an attempt that failed."""
    given_up: int = 0
    """Never acknowledged within the time to try: nobody knows whether they were taken."""
    surprises: list[str] = field(default_factory=list)
    """Answers that no client expects."""
    latencies: "array[float]" = field(default_factory=lambda: array("d"))
    """Seconds from when a request was due to its 202, all its attempts together."""

    def sending(self, batch: Batch) -> None:
        """Before the first attempt."""
        known = self.known[batch.kind]
        for number, version in zip(batch.numbers, batch.versions, strict=True):
            known.note(known.sent, number, version)

    def attempted(self, batch: Batch, result: str) -> None:
        """After each attempt."""
        self.attempts[result] += len(batch.numbers)
        self.requests[result] += 1

    def acknowledge(self, batch: Batch, id: str, seconds: float, *, after_failure: bool) -> None:
        """After a 202."""
        known = self.known[batch.kind]
        for number, version in zip(batch.numbers, batch.versions, strict=True):
            known.note(known.accepted, number, version)
        self.accepted.append(Accepted(id, len(batch.numbers), batch.faulty))
        self.acknowledged += len(batch.numbers)
        self.recovered += len(batch.numbers) if after_failure else 0
        self.latencies.append(seconds)

    def percentiles(self) -> dict[str, float]:
        """Seconds of a 202, by percentile; empty where nothing was accepted."""
        ordered = sorted(self.latencies)
        last = len(ordered) - 1
        return {name: ordered[round(share * last)] for name, share in _PERCENTILES.items() if ordered}
