"""The breaker of the dead-lettering, on a real queue and a real store."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from domain.breaker import BreakerPolicy, FailureWindow
from domain.clock import system_clock
from domain.dead_letters.entities import Selection
from domain.dead_letters.trail import Trail
from domain.records import Outcome
from domain.stops import Stop, Stops
from ingestor.breaker import DeadLetterBreaker
from messaging.amqp import AmqpQueue
from messaging.envelope import Ingestion, pack
from messaging.port import Queue
from messaging.sqlite import SqliteQueue
from storage.driver import open_database
from storage.store import Store
from tests.support.ingesting import IDS, ROOM, ingesting
from tests.support.load import lead
from tests.support.rabbitmq import RabbitNode

TENANT = "acme"
LEAST = 10
NEVER = 3_600_000
SOON = 300
IN_HAND = 2 * 2 * 2
"""Records of two batches of two messages, which may be under way when it opens."""


@pytest.fixture
def queue(tmp_path: Path) -> SqliteQueue:
    """The test's queue."""
    return SqliteQueue(tmp_path / "queue.sqlite", max_messages=ROOM, max_bytes=ROOM)


def policy(pause_ms: int) -> BreakerPolicy:
    """Half of twenty records may die."""
    return BreakerPolicy(share=0.5, window=20, least=LEAST, pause_ms=pause_ms)


def message(number: int, *, good: bool) -> Ingestion:
    """Two leads, both of which can be stored or none."""
    leads = [lead(number * 2 + place) if good else {"id": place} for place in (0, 1)]
    return Ingestion(
        id=IDS.derive(TENANT, str(number)),
        operation="odp.v1.leads",
        tenant=TENANT,
        body=json.dumps({"leads": leads}).encode(),
        principal="load",
        accepted_at=system_clock(),
        records=2,
    )


async def publish(queue: Queue, *ingestions: Ingestion) -> list[str]:
    """Put each on the queue as a message of its own, in this order; their ids."""
    async with queue.publisher() as publisher:
        for one in ingestions:
            await publisher.publish(pack([one]), 10.0)
    return [one.id for one in ingestions]


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Return once it holds."""
    async with asyncio.timeout(30):
        while not await holds():  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.03)


async def until_done(store: Store, ids: list[str]) -> None:
    """Return once all have their receipts."""

    async def done() -> bool:
        return len(await store.receipts.get_many(ids)) == len(ids)

    await until(done)


def operator(store: Store) -> Stops:
    """Somebody called ana."""
    return Stops(store.ingestor_stops, Trail(store.audit, system_clock, "ana"))


async def stopped(store: Store, since: int = 0) -> Stop:
    """The ingestor that is stopped later than `since`, once it said so."""
    found: list[Stop] = []

    async def told() -> bool:
        found[:] = [stop for stop in await operator(store).all() if stop.since > since]
        return bool(found)

    await until(told)
    [stop] = found
    return stop


@asynccontextmanager
async def opened(queue: Queue, store: Store) -> AsyncIterator[tuple[DeadLetterBreaker, Stop]]:
    """An ingestor whose breaker has opened, over thirty messages that all would die."""
    await publish(queue, *(message(number, good=False) for number in range(30)))
    async with ingesting(queue, store, policy=policy(NEVER)) as breaker:
        yield breaker, await stopped(store)


async def letters(store: Store) -> int:
    """How many dead letters there are."""
    return len(await store.kept_letters.page(Selection(), after=None, limit=100))


async def test_where_too_many_die_the_others_stay_on_the_queue(queue: SqliteQueue, store: Store) -> None:
    """What was in hand comes to its end; all else is where it was, and the operator is told."""
    async with opened(queue, store) as (breaker, stop):
        assert f"takes nothing from the queue: {stop.dead} of {stop.tried} records" in breaker.words()
        await asyncio.sleep(1.2)  # longer than between two looks at the queue
        dead = await letters(store)
    assert LEAST <= stop.dead == stop.tried <= dead <= LEAST + IN_HAND
    assert 30 == dead // 2 + await queue.depth()
    assert [] == await operator(store).all()


async def test_an_operator_lets_it_go_on(
    queue: SqliteQueue, store: Store, mongodb_url: str, database_name: str
) -> None:
    """It counts anew, and the audit says who it was."""
    async with opened(queue, store) as (_, first):
        before = await letters(store)
        resumed = await operator(store).resume()
        again = await stopped(store, since=first.since)
    assert [first.id] == [stop.id for stop in resumed]
    assert first.id == again.id
    assert before + LEAST <= await letters(store) <= before + LEAST + IN_HAND
    async with open_database(mongodb_url, database_name) as database:
        [entry] = await database.collection("audit").find({})
    assert ("ana", "resume ingestors", {"ingestors": first.id}) == (
        entry["actor"],
        entry["action"],
        entry["selection"],
    )


async def test_after_its_pause_it_tries_one_message(queue: SqliteQueue, store: Store) -> None:
    """One that dies leaves it as it is for another pause; one that goes well opens the queue again."""
    bad = [message(number, good=False) for number in range(10)]
    good = [message(number, good=True) for number in range(100, 110)]
    ids = await publish(queue, *bad, *good)
    async with ingesting(queue, store, policy=policy(SOON)) as breaker:
        await stopped(store)
        await until_done(store, ids)
        assert "takes messages" == breaker.words()
    receipts = (await store.receipts.get_many(ids)).values()
    assert 2 * len(good) == sum(receipt.counts.get(Outcome.CREATED, 0) for receipt in receipts)
    assert 2 * len(bad) == await letters(store)
    assert 0 == await queue.depth()


async def test_a_share_within_the_limit_is_no_reason(queue: SqliteQueue, store: Store) -> None:
    """Half of the records may die."""
    ids = await publish(queue, *(message(number, good=number % 2 == 0) for number in range(20)))
    async with ingesting(queue, store, policy=policy(NEVER)) as breaker:
        await until_done(store, ids)
        assert "takes messages" == breaker.words()


async def test_rabbitmq_keeps_what_a_stopped_ingestor_had_been_sent(
    rabbitmq: RabbitNode, store: Store
) -> None:
    """Its channel holds messages when it stops; the next ingestor gets them, and no record is lost."""
    name = f"breaking-{uuid.uuid4().hex[:8]}.ingestions"
    queue = AmqpQueue(rabbitmq.url, name=name, max_messages=ROOM, max_bytes=ROOM)
    async with opened(queue, store):
        before = await letters(store)
    assert LEAST <= before <= LEAST + IN_HAND
    async with ingesting(queue, store):
        await until_done(store, [IDS.derive(TENANT, str(number)) for number in range(30)])
    assert 60 == await letters(store)
    assert 0 == await queue.depth()


def test_a_window_forgets_what_is_old() -> None:
    """It looks at the newest records, whole batches of them."""
    window = FailureWindow(100)
    seen = []
    for tried, failed in ((60, 60), (60, 0), (50, 1), (500, 2)):
        window.add(tried, failed)
        seen.append((window.tried, window.failed))
    assert [(60, 60), (120, 60), (110, 1), (500, 2)] == seen
