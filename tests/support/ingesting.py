"""An ingestor on a real queue and a real store, and one whose decoding fails as a library might.

`python -m tests.support.ingesting FILE MONGODB_URL DATABASE` runs the latter in a process of its own,
on a SQLite queue, until its standard input ends.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import cast

from prometheus_client import CollectorRegistry

from contracts.operations import Checked, Decoded, Operation, Origin
from contracts.registry import OPERATIONS
from domain.apply import ApplyRecords
from domain.breaker import BreakerPolicy
from domain.clock import system_clock
from domain.identity import IdentityKey
from domain.ingestion_id import IngestionIds
from domain.ledger.book import LedgerBook
from domain.records import Entity
from domain.resolve import MatchPolicy
from ingestor.breaker import DeadLetterBreaker
from ingestor.identify import Unpacker
from ingestor.ledger import OutcomeLedger
from ingestor.metrics import IngestorMetrics
from ingestor.ports import Books
from ingestor.process import Processor
from ingestor.run import Ingestor, IngestorLimits
from messaging.port import Queue
from messaging.sqlite import SqliteQueue
from storage.store import Store, open_store

IDS = IngestionIds(b"a-secret-for-tests")
ATTEMPTS = 3
ROOM = 1 << 30
"""A bound that is not reached, in messages or bytes."""
SMALL = IngestorLimits(max_messages=2, batches=2, attempts=ATTEMPTS)

ENDS_THE_PROCESS = b"ends the process"
RAISES = b"raises"
UNAPPLICABLE = "cannot be applied"
DIED = 9

_BROKEN = cast(tuple[IdentityKey, ...], (None,))


class Fragile:
    """An operation that works, save for the bodies that meet a bug: those that hold a mark."""

    def __init__(self, operation: Operation) -> None:
        self._operation = operation
        self.name = operation.name

    @property
    def entity(self) -> Entity:
        """That of the operation."""
        return self._operation.entity

    def count(self, body: bytes) -> int | None:
        """As the operation does."""
        return self._operation.count(body)

    def check(self, body: bytes) -> Checked:
        """As the operation does."""
        return self._operation.check(body)

    def decode(self, body: bytes, origin: Origin) -> Decoded:
        """As the operation does, or end the process, or raise, or make a record that nothing can apply."""
        if ENDS_THE_PROCESS in body:
            os._exit(DIED)
        if RAISES in body:
            raise RuntimeError("a bug")
        decoded = self._operation.decode(body, origin)
        records = tuple(
            (place, replace(one, identities=_BROKEN) if UNAPPLICABLE in one.document else one)
            for place, one in decoded.records
        )
        return replace(decoded, records=records)

    def wrap(self, record: bytes) -> bytes:
        """As the operation does."""
        return self._operation.wrap(record)

    def roots(self, index: int) -> tuple[str, ...]:
        """As the operation does."""
        return self._operation.roots(index)


FRAGILE: Mapping[str, Operation] = {name: Fragile(one) for name, one in OPERATIONS.items()}


@asynccontextmanager
async def ingesting(
    queue: Queue,
    store: Store,
    operations: Mapping[str, Operation] = OPERATIONS,
    policy: BreakerPolicy | None = None,
    limits: IngestorLimits = SMALL,
) -> AsyncIterator[DeadLetterBreaker]:
    """An ingestor at work, in small batches unless told, and its breaker; at the end it is stopped, and
    what it has is settled."""
    ledger = OutcomeLedger(LedgerBook(system_clock), store.ledger, system_clock)
    books = Books(store.receipts, store.dead_letters, store.attempts, ledger)
    metrics = IngestorMetrics(CollectorRegistry(), operations)
    apply_records = ApplyRecords(store.records, store.identities, store.dedupe, system_clock, MatchPolicy())
    processor = Processor(operations, apply_records, books, metrics, system_clock)
    async with queue.consumer(limits.max_messages * limits.batches) as consumer:
        breaker = DeadLetterBreaker(policy, store.ingestor_stops, metrics, system_clock)
        ingestor = Ingestor(consumer, processor, Unpacker(IDS), books, metrics, limits, breaker)
        running = asyncio.create_task(ingestor.run())
        try:
            yield breaker
        finally:
            ingestor.stop()
            await running


async def main(file: str, mongodb_url: str, database: str) -> None:
    """Ingest until standard input ends."""
    queue = SqliteQueue(Path(file), max_messages=ROOM, max_bytes=ROOM)
    async with open_store(mongodb_url, name=database) as store, ingesting(queue, store, FRAGILE):
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
