"""The ledger over a real store: every message is counted once, and what is missing is said."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import orjson
import pytest
from prometheus_client import CollectorRegistry

from contracts.registry import OPERATIONS
from domain.apply import ApplyRecords
from domain.clock import system_clock
from domain.ledger.book import LedgerBook
from domain.ledger.read import Ledger
from domain.ledger.rows import Bucket
from domain.ports import ReceiptStore
from domain.receipts import Receipt
from ingestor.bookkeeper import Bookkeeper, LedgerLimits
from ingestor.ledger import OutcomeLedger
from ingestor.ledger_metrics import LedgerMetrics
from ingestor.metrics import IngestorMetrics
from ingestor.ports import Books
from ingestor.process import Processor
from messaging.envelope import Ingestion
from storage.store import Store
from tests.support.ingesting import IDS

LEADS = "odp.v1.leads"
PLACE = ("acme", LEADS)
PATIENCE = 10.0


def leads(name: str, count: int = 2, **facts: Any) -> Ingestion:
    """An accepted request with leads of its own."""
    records = [{"id": f"{name}-{number}", "source": "campaign", "status": "new"} for number in range(count)]
    return replace(
        Ingestion(
            IDS.derive("acme", name),
            LEADS,
            "acme",
            orjson.dumps({"leads": records}),
            accepted_at=system_clock(),
            records=count,
        ),
        **facts,
    )


@dataclass
class World:
    """An ingestor's processor, and a gateway's book beside its own."""

    store: Store
    apply_records: ApplyRecords
    gateway: LedgerBook
    ingestor: LedgerBook

    async def keep(self) -> None:
        """What both processes do every second."""
        for book in (self.gateway, self.ingestor):
            await self.store.ledger.put_many(book.take_changed())

    def accept(self, *ingestions: Ingestion) -> None:
        """The queue confirmed them."""
        for one in ingestions:
            self.gateway.accepted(Bucket.of(one.tenant, one.operation, one.accepted_at), one.records)

    async def process(self, *ingestions: Ingestion, receipts: ReceiptStore | None = None) -> None:
        """As one batch."""
        ledger = OutcomeLedger(self.ingestor, self.store.ledger, system_clock)
        store = self.store
        books = Books(receipts or store.receipts, store.dead_letters, store.attempts, ledger)
        metrics = IngestorMetrics(CollectorRegistry(), OPERATIONS)
        await Processor(OPERATIONS, self.apply_records, books, metrics, system_clock).process(ingestions)

    async def figures(self) -> tuple[int, int, int, int]:
        """Accepted, with an outcome, in flight, unexplained."""
        await self.keep()
        found = (await Ledger(self.store.ledger, system_clock).totals(0))[PLACE]
        return found.accepted, sum(found.outcomes.values()), found.in_flight, found.unexplained

    async def told(self) -> tuple[int, int]:
        """What all processes together counted: accepted, and outcomes with repeats."""
        await self.keep()
        rows = await self.store.ledger.changed_since(0)
        return sum(row.accepted for row in rows), sum(sum(row.outcomes.values()) for row in rows)


@pytest.fixture
def world(store: Store, apply_records: ApplyRecords) -> World:
    """On the test's own store."""
    return World(store, apply_records, LedgerBook(system_clock), LedgerBook(system_clock))


@asynccontextmanager
async def keeping_books(store: Store, depth: int = 0) -> AsyncIterator[CollectorRegistry]:
    """A bookkeeper of little patience at work; its metrics."""

    async def measured() -> int:
        return depth

    registry = CollectorRegistry()
    metrics = LedgerMetrics(registry, OPERATIONS)
    limits = LedgerLimits(grace=0.2, alarm=3600, days=1)
    bookkeeper = Bookkeeper(store.ledger, store.leases, measured, metrics, system_clock, limits)
    task = asyncio.create_task(bookkeeper.run())
    try:
        yield registry
    finally:
        bookkeeper.stop()
        await task


def shown(registry: CollectorRegistry, name: str) -> float | None:
    """A gauge of the leads."""
    return registry.get_sample_value(f"portico_ledger_{name}_records", {"tenant": "acme", "operation": LEADS})


async def until(holds: Callable[[], bool]) -> None:
    """Return when it does."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if holds():
                return
            await asyncio.sleep(0.02)


async def test_what_is_accepted_is_in_flight_until_its_receipt(world: World) -> None:
    """Then it balances."""
    one = leads("one")
    world.accept(one)
    assert (2, 0, 2, 0) == await world.figures()

    await world.process(one)

    assert (2, 2, 0, 0) == await world.figures()
    assert (2, 2) == await world.told()


async def test_a_message_delivered_again_is_counted_once(world: World) -> None:
    """It is the one that the receipt is of."""
    one = leads("one")
    world.accept(one)
    await world.process(one)
    await world.process(one)

    assert (2, 2) == await world.told()


async def test_a_repeat_is_accepted_again_and_balances(world: World) -> None:
    """In the batch of the first, after it, and delivered again."""
    one = leads("one")
    repeats = [replace(one, accepted_at=one.accepted_at + later) for later in (1, 2)]
    world.accept(one, *repeats)
    await world.process(one, repeats[0])
    await world.process(*repeats)
    await world.process(repeats[1])

    assert (2, 2, 0, 0) == await world.figures()
    assert (6, 6) == await world.told()


async def test_another_body_under_a_used_id_is_dead(world: World) -> None:
    """Once, however often it is delivered."""
    one = leads("one")
    other = replace(leads("other", 3), id=one.id, accepted_at=one.accepted_at + 1)
    world.accept(one, other)
    await world.process(one, other)
    await world.process(other)

    assert (5, 5, 0, 0) == await world.figures()
    assert (5, 5) == await world.told()


async def test_of_two_ingestors_with_one_message_one_counts(world: World) -> None:
    """Both found no receipt; the one whose receipt stands has done it. A repeat is a repeat also then."""

    class Blind:
        """Receipts that another ingestor keeps meanwhile: the first look finds none."""

        def __init__(self, receipts: ReceiptStore) -> None:
            self._receipts = receipts
            self._looked = False

        async def get_many(self, ingestion_ids: Iterable[str]) -> dict[str, Receipt]:
            if self._looked:
                return await self._receipts.get_many(ingestion_ids)
            self._looked = True
            return {}

        async def put_many(self, receipts: Sequence[Receipt]) -> set[int]:
            return await self._receipts.put_many(receipts)

    one = leads("one")
    repeat = replace(one, accepted_at=one.accepted_at + 1)
    world.accept(one, repeat)
    await world.process(one)
    await world.process(one, receipts=Blind(world.store.receipts))
    await world.process(repeat, receipts=Blind(world.store.receipts))

    assert (4, 4) == await world.told()


async def test_another_producers_message_is_accepted_by_the_ingestor(world: World) -> None:
    """No gateway did, and its repeats count for nothing."""
    one = leads("one", foreign=True, accepted_at=0, records=0)
    await world.process(one)
    await world.process(one)

    assert (2, 2, 0, 0) == await world.figures()
    assert (2, 2) == await world.told()


async def test_a_recount_heals_what_a_killed_ingestor_lost(world: World) -> None:
    """Its last second of counts; the receipts have them."""
    one, two = leads("one"), leads("two")
    world.accept(one, two)
    await world.process(one)
    await world.keep()
    await replace(world, ingestor=LedgerBook(system_clock)).process(two)
    assert (4, 2, 2, 0) == await world.figures()

    async with keeping_books(world.store) as registry:
        await until(lambda: shown(registry, "in_flight") == 0)

        assert (4.0, 0.0) == (shown(registry, "accepted"), shown(registry, "unexplained"))
    assert (4, 4, 0, 0) == await world.figures()


async def test_a_recount_heals_what_both_sides_lost(world: World) -> None:
    """The equation holds without it, but it was accepted and done all the same."""
    one, two = leads("one"), leads("two", 3)
    world.accept(one)
    await world.process(one)
    await world.keep()
    await replace(world, ingestor=LedgerBook(system_clock)).process(two)

    async with keeping_books(world.store) as registry:
        await until(lambda: shown(registry, "accepted") == 5)

    assert (5, 5, 0, 0) == await world.figures()


async def test_a_lost_message_becomes_unexplained_and_stays(world: World) -> None:
    """Until its outcome comes after all, as it does where it was only very late."""
    lost, late = leads("lost", 3), leads("late")
    world.accept(lost, late)
    await world.keep()

    async with keeping_books(world.store) as registry:
        await until(lambda: shown(registry, "unexplained") == 5)
        assert (5, 0, 0, 5) == await world.figures()

        await world.process(late)
        await world.keep()
        await until(lambda: shown(registry, "unexplained") == 3)
        await asyncio.sleep(0.5)

        assert (5.0, 0.0, 3.0) == tuple(
            shown(registry, name) for name in ("accepted", "in_flight", "unexplained")
        )


async def test_what_may_be_in_the_queue_is_in_flight(world: World) -> None:
    """While the queue is not empty nothing is called unexplained before the alarm's time."""
    world.accept(leads("queued"))
    await world.keep()

    async with keeping_books(world.store, depth=1) as registry:
        await until(lambda: shown(registry, "in_flight") == 2)
        await asyncio.sleep(0.5)

        assert (2.0, 0.0) == (shown(registry, "in_flight"), shown(registry, "unexplained"))


async def test_one_bookkeeper_at_a_time_shows_the_ledger(world: World) -> None:
    """So that a sum over all processes is right."""
    world.accept(leads("one"))
    await world.keep()

    async with keeping_books(world.store) as first:
        await until(lambda: shown(first, "accepted") == 2)
        async with keeping_books(world.store) as second:
            await asyncio.sleep(0.2)
            assert shown(second, "accepted") is None
