"""What the ledger is made of: rows of counts, and the balance of a bucket of them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from domain.receipts import Receipt
from domain.records import Outcome

MINUTE = 60_000
"""Milliseconds."""
REPEATED = "repeated"
"""Beside the outcomes: records accepted once more under an id that has its receipt. They have no
outcome of their own, so the balance takes them off what was accepted."""
RECOUNT = "recount"
"""The writer of the rows that a bookkeeper writes from the receipts."""

Counts = Mapping[str, int]
"""Records by `Outcome`, or `REPEATED`."""


@dataclass(frozen=True, slots=True, order=True)
class Bucket:
    """What was accepted in one minute for one tenant and operation."""

    minute: int
    """Its beginning, in ms since the Unix epoch."""
    tenant: str
    operation: str

    @classmethod
    def of(cls, tenant: str, operation: str, accepted_at: int) -> "Bucket":
        """The bucket of what was accepted at `accepted_at`."""
        return cls(accepted_at - accepted_at % MINUTE, tenant, operation)


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """What one process counted in one bucket so far: written anew with each change, never added to."""

    bucket: Bucket
    writer: str
    changed_at: int
    accepted: int = 0
    outcomes: Counts = field(default_factory=dict)
    unexplained: int = 0
    """A verdict, in the bookkeeper's rows alone."""
    lag_total: int = 0
    """Milliseconds from acceptance to outcome, times records."""
    lag_max: int = 0

    @property
    def id(self) -> str:
        """Bucket and writer."""
        bucket = self.bucket
        return f"{bucket.minute}/{bucket.tenant}/{bucket.operation}/{self.writer}"


@dataclass(frozen=True, slots=True)
class Aside:
    """An accepted ingestion that gets no receipt, for another one stands under its id."""

    id: str
    """Of this very message: delivered twice, it is still one."""
    tenant: str
    operation: str
    accepted_at: int
    outcome: str
    """`REPEATED`, or dead where the body is another than the receipt's."""
    records: int


@dataclass(frozen=True, slots=True)
class Balance:
    """The equation: `accepted` is the sum of `outcomes`, `in_flight` and `unexplained`, in records."""

    accepted: int = 0
    outcomes: Counts = field(default_factory=dict)
    """By `Outcome`."""
    repeated: int = 0
    in_flight: int = 0
    unexplained: int = 0
    lag_total: int = 0
    lag_max: int = 0

    @property
    def missing(self) -> int:
        """Records without outcome, explained or not."""
        return self.in_flight + self.unexplained

    @property
    def lag_mean(self) -> float:
        """Milliseconds from acceptance to outcome, on average; 0 where there is no outcome."""
        return self.lag_total / done if (done := sum(self.outcomes.values())) else 0.0

    def __add__(self, other: "Balance") -> "Balance":
        """Both together."""
        return Balance(
            self.accepted + other.accepted,
            Counter(self.outcomes) + Counter(other.outcomes),
            self.repeated + other.repeated,
            self.in_flight + other.in_flight,
            self.unexplained + other.unexplained,
            self.lag_total + other.lag_total,
            max(self.lag_max, other.lag_max),
        )


def balance(rows: Iterable[LedgerRow]) -> Balance:
    """The balance of the rows of one bucket.

    Processes that were killed may have lost what they counted last. Outcomes are then the recount's,
    and what has an outcome was accepted, whether a gateway lived to say so or not.
    """
    told = unexplained = lag_total = lag_max = 0
    counted: Counter[str] = Counter()
    recounted: Counter[str] = Counter()
    for row in rows:
        (recounted if row.writer == RECOUNT else counted).update(row.outcomes)
        told += row.accepted
        unexplained += row.unexplained
        lag_total += row.lag_total
        lag_max = max(lag_max, row.lag_max)
    counted |= recounted
    repeated = counted.pop(REPEATED, 0)
    outcomes = {outcome.value: counted[outcome] for outcome in Outcome}
    done = sum(outcomes.values())
    accepted = max(told - repeated, done)
    unexplained = min(unexplained, accepted - done)
    in_flight = accepted - done - unexplained
    return Balance(accepted, outcomes, repeated, in_flight, unexplained, lag_total, lag_max)


def counts_of(receipt: Receipt) -> Counts:
    """A receipt's counts, as rows hold them."""
    return {outcome.value: count for outcome, count in receipt.counts.items() if count}


class LedgerStore(Protocol):
    """Where the ledger is kept. Every method may raise StoreUnavailableError."""

    async def put_many(self, rows: Sequence[LedgerRow]) -> None:
        """Keep all, each in place of what its writer wrote in its bucket before."""

    async def keep_asides(self, asides: Sequence[Aside]) -> list[Aside]:
        """Keep those that are not kept yet, and return them."""

    async def changed_since(self, at: int) -> list[LedgerRow]:
        """The rows that changed after `at`."""

    async def within(self, since: int, until: int, tenant: str | None = None) -> list[LedgerRow]:
        """The rows of the minutes from `since` on and before `until`."""

    async def recount(self, minute: int) -> Mapping[Bucket, Counts]:
        """The outcomes of what was accepted in the minute that begins at `minute`, counted from receipts
        and asides."""

    async def forget(self, before: int) -> None:
        """Delete the rows and asides of the minutes before `before`."""
