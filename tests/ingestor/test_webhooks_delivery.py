"""Relay and workers on a real store and a real queue; the stacks as a whole are tested end to end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from domain.apply import ApplyRecords
from domain.clock import system_clock
from domain.dead_letters.entities import Selection
from domain.deliveries import Delivery
from domain.endpoints import Endpoint
from domain.errors import QueueFullError
from domain.find import FindCustomer
from domain.records import Entity, Record
from domain.resolve import MatchPolicy
from domain.version import Version
from ingestor.webhooks.messages import delivery_of
from ingestor.webhooks.metrics import WebhookMetrics
from ingestor.webhooks.relay import Relay
from ingestor.webhooks.send import Sender
from ingestor.webhooks.worker import Desk, RetryPolicy, Worker
from messaging.port import Consumer, Publisher
from messaging.sqlite import SqliteQueue
from storage.directory import EndpointDirectory
from storage.store import Store
from tests.support.webhooks import receiving

ENDPOINT = Endpoint("an-id", "acme", "http://127.0.0.1:9/", "a-secret", (), "store-1", 0)


def a_lead(number: int) -> Record:
    """A new lead."""
    version, text = Version(system_clock(), "ing", number), str(number)
    return Record(Entity.LEAD, "acme", "odp_v1", f"lead-{number}", version, text, text, {})


@pytest.fixture
def apply_and_tell(store: Store) -> ApplyRecords:
    """The use case, with facts for everybody."""
    policy = MatchPolicy()
    return ApplyRecords(store.records, store.identities, store.dedupe, system_clock, policy, lambda _: True)


@asynccontextmanager
async def relaying(store: Store, publisher: Publisher) -> AsyncIterator[Relay]:
    """A relay to one endpoint."""
    await store.endpoints.put(ENDPOINT)
    async with EndpointDirectory(store.endpoints) as directory:
        find, metrics = FindCustomer(store.reader, "BR"), WebhookMetrics(CollectorRegistry())
        yield Relay(store.outbox, directory, find, publisher, metrics)


async def test_facts_stay_until_the_queue_keeps_them(
    store: Store, apply_and_tell: ApplyRecords, tmp_path: Path
) -> None:
    """A queue that takes some of them and refuses the rest gets all again, each as the same fact."""
    queue = SqliteQueue(tmp_path / "webhooks.sqlite", max_messages=3, max_bytes=1 << 20)
    await apply_and_tell([a_lead(number) for number in range(5)])
    told: list[str] = []

    async with (
        queue.publisher() as publisher,
        queue.consumer(100) as consumer,
        relaying(store, publisher) as relay,
    ):
        with pytest.raises(QueueFullError):
            await relay.round()
        [*held] = await store.outbox.pending(10)
        await store.outbox.take_out(held[2:])
        told += await _taken(consumer)
        relayed = [await relay.round(), await relay.round()]
        told += await _taken(consumer)

    assert 5 == len(held)
    assert [True, False] == relayed
    assert {fact.id for one in held[:2] for fact in one.facts} <= set(told)
    assert 5 == len(told)


async def _taken(consumer: Consumer) -> list[str]:
    """The ids of the facts in the queue, which is empty then."""
    taken = await consumer.take(100, 1 << 20, timeout=1)
    await asyncio.gather(*(one.ack() for one in taken))
    return [delivery_of(one.message, system_clock).fact_id for one in taken]


def a_delivery(number: int, lane: str = "lane", kept_at: int | None = None) -> Delivery:
    """A delivery that is due."""
    now = system_clock()
    return Delivery(
        id=f"an-id.f{number}",
        endpoint_id="an-id",
        tenant="acme",
        fact_id=f"f{number}",
        type="lead.created",
        lane=lane,
        position=f"{number:03d}",
        made_at=now,
        kept_at=now if kept_at is None else kept_at,
        body=b'{"id": "f%d"}' % number,
        due_at=now,
    )


@asynccontextmanager
async def working(store: Store, url: str, **policy: float) -> AsyncIterator[Desk]:
    """A worker for the endpoint at `url`."""
    async with Sender(allow_private=True, timeout=0.5) as sender:
        desk = Desk(
            store.deliveries,
            store.dead_letters,
            sender,
            WebhookMetrics(CollectorRegistry()),
            system_clock,
            replace(RetryPolicy(first_pause=0.02, longest_pause=0.1), **policy),  # type: ignore[arg-type]
        )
        stopping = asyncio.Event()
        worker = Worker(desk, lambda: replace(ENDPOINT, url=url), stopping)
        task = asyncio.create_task(worker.run())
        try:
            yield desk
        finally:
            stopping.set()
            worker.wake()
            await task


async def drained(store: Store) -> None:
    """Return when nothing waits."""
    async with asyncio.timeout(20):
        while await store.deliveries.oldest() is not None:  # noqa: ASYNC110 - the store tells nobody
            await asyncio.sleep(0.02)


async def test_what_came_behind_a_failure_waits_for_it(store: Store) -> None:
    """Also what is kept while the failed one waits."""
    async with receiving() as receiver, working(store, f"{receiver.url}/fails") as desk:
        await store.deliveries.put_many([a_delivery(1)])
        await receiver.gets(1, "/fails")
        await store.deliveries.put_many([a_delivery(2), a_delivery(3)])
        await drained(store)

    assert ["f1", "f1", "f2", "f2", "f3", "f3"] == [one.fact["id"] for one in receiver.received]
    assert [f"f1; attempt={n}" for n in (1, 2)] == [
        one.headers["Portico-Delivery"] for one in receiver.received[:2]
    ]
    assert 3 == desk.metrics.retried._value.get()


async def test_a_stalled_customer_holds_up_no_other(store: Store) -> None:
    """Of the same endpoint, as long as not all that it may do at once is stalled."""
    async with receiving() as receiver, working(store, f"{receiver.url}/stalls", concurrency=2):
        await store.deliveries.put_many([a_delivery(n, lane=f"lane-{n}") for n in range(4)])
        await receiver.gets(4, "/stalls")
        receiver.released.set()
        await drained(store)


async def test_what_an_endpoint_never_took_is_given_up_by_its_age(store: Store) -> None:
    """Each with a dead letter, without an attempt for every single one."""
    old = system_clock() - 10_000
    async with receiving() as receiver, working(store, f"{receiver.url}/redirects", age=5, attempts=1_000):
        await store.deliveries.put_many([a_delivery(n, lane=f"lane-{n}", kept_at=old) for n in range(40)])
        await drained(store)

    letters = await store.kept_letters.page(Selection(tenant="acme"), after=None, limit=100)
    assert {b'{"id": "f%d"}' % n for n in range(40)} == {one.letter.body for one in letters}
    assert len(receiver.received) < 40
