"""What the ingestor counts for the ledger: each message's records once, whoever delivers it how often."""

from collections.abc import Sequence

from domain.clock import Clock
from domain.ledger.book import LedgerBook
from domain.ledger.rows import REPEATED, Aside, Bucket, LedgerStore, counts_of
from domain.receipts import Receipt
from domain.records import Outcome
from messaging.envelope import Ingestion


class OutcomeLedger:
    """Counts in the book what has its receipt, and keeps at once what never gets one."""

    def __init__(self, book: LedgerBook, store: LedgerStore, clock: Clock) -> None:
        self._book = book
        self._store = store
        self._clock = clock

    def done(self, ingestion: Ingestion, receipt: Receipt) -> None:
        """`receipt`, the first of its ingestion, is durable."""
        bucket = Bucket.of(receipt.tenant, receipt.operation, receipt.accepted_at)
        if ingestion.foreign:
            self._book.accepted(bucket, receipt.records)
        lag = max(0, receipt.done_at - receipt.accepted_at)
        self._book.done(bucket, counts_of(receipt), lag=lag)

    async def repeated(self, ingestions: Sequence[Ingestion]) -> None:
        """Messages that were accepted beside the one that the receipt is of, with the same body."""
        # No gateway counted another producer's repeats as accepted.
        await self._keep([_aside(one, REPEATED, one.records, 0) for one in ingestions if not one.foreign])

    async def refused(self, ingestion: Ingestion, records: int) -> None:
        """A message with another body than the receipt's, whose `records` are dead."""
        aside = _aside(ingestion, Outcome.DEAD.value, records, self._clock())
        kept = await self._keep([aside])
        if kept and ingestion.foreign:
            self._book.accepted(_bucket(aside), records)

    async def _keep(self, asides: Sequence[Aside]) -> list[Aside]:
        # Before they are settled: nothing else would tell, after a crash, that they were counted.
        kept = await self._store.keep_asides(asides) if asides else []
        for one in kept:
            self._book.done(_bucket(one), {one.outcome: one.records})
        return kept


def _bucket(aside: Aside) -> Bucket:
    return Bucket.of(aside.tenant, aside.operation, aside.accepted_at)


def _aside(ingestion: Ingestion, outcome: str, records: int, now: int) -> Aside:
    return Aside(
        id=f"{ingestion.id}/{ingestion.accepted_at}/{ingestion.digest[:16]}",
        tenant=ingestion.tenant,
        operation=ingestion.operation,
        accepted_at=ingestion.accepted_at or now,
        outcome=outcome,
        records=records,
    )
