"""What the broker itself gave up, on a real RabbitMQ: moved to the dead letters, and accounted for."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import aio_pika
import pytest
from prometheus_client import CollectorRegistry

from contracts.registry import OPERATIONS
from domain.apply import ApplyRecords
from domain.clock import system_clock
from domain.dead_letters.entities import Selection
from domain.ledger.book import LedgerBook
from domain.ledger.read import Ledger
from domain.ledger.rows import Bucket
from domain.receipts import DeadLetter
from domain.records import Entity, Outcome, derived_id
from domain.resolve import MatchPolicy
from ingestor.broker_dead_letters import BrokerDeadLetters
from ingestor.identify import Unpacker
from ingestor.ledger import OutcomeLedger
from ingestor.metrics import IngestorMetrics
from ingestor.ports import Books
from ingestor.process import Processor
from messaging.amqp import AmqpQueue
from messaging.envelope import Ingestion, pack
from messaging.port import Message
from messaging.sqlite import SqliteQueue
from storage.store import Store, open_store
from tests.support.ingesting import IDS, ROOM
from tests.support.load import lead
from tests.support.proxy import Proxy
from tests.support.rabbitmq import RabbitNode
from tests.support.replays import replayed

TENANT = "acme"
LEADS = "odp.v1.leads"
PATIENCE = 30.0


def ingestion(number: int, operation: str = LEADS) -> Ingestion:
    """An accepted request of one lead."""
    return Ingestion(
        id=IDS.derive(TENANT, str(number)),
        operation=operation,
        tenant=TENANT,
        body=json.dumps({"lead": lead(number)}).encode(),
        principal="load",
        accepted_at=1_770_000_000_000 + number,
        records=1,
    )


@dataclass
class Broker:
    """A queue of the test's own on the node."""

    node: RabbitNode
    prefix: str = field(default_factory=lambda: f"moved-{uuid.uuid4().hex[:8]}")

    @property
    def queue(self) -> AmqpQueue:
        """As an ingestor opens it."""
        name = f"{self.prefix}.ingestions"
        return AmqpQueue(self.node.url, name=name, max_messages=ROOM, max_bytes=ROOM, heartbeat=2)

    async def reject(self, *messages: Message) -> None:
        """Publish them, and have another consumer reject each."""
        async with self.queue.publisher() as publisher:
            for message in messages:
                await publisher.publish(message, 10.0)
        async with await aio_pika.connect(self.node.url) as connection:
            channel = await connection.channel()
            queue = await channel.get_queue(f"{self.prefix}.ingestions")
            for _ in messages:
                incoming = await queue.get(timeout=10)
                assert incoming is not None
                await incoming.reject(requeue=False)

    async def let_expire(self, message: Message) -> None:
        """Publish it with a life of one millisecond."""
        async with self.queue.publisher(), await aio_pika.connect(self.node.url) as connection:
            channel = await connection.channel()
            exchange = await channel.get_exchange(f"{self.prefix}.ingest")
            outgoing = aio_pika.Message(message.body, headers=dict(message.headers), expiration=0.001)
            await exchange.publish(outgoing, routing_key="any")

    async def clean(self) -> None:
        """Remove all that was declared."""
        async with await aio_pika.connect(self.node.url) as connection:
            channel = await connection.channel()
            for queue in ("ingestions", "dead"):
                await channel.queue_delete(f"{self.prefix}.{queue}")
            for exchange in ("ingest", "dead"):
                await channel.exchange_delete(f"{self.prefix}.{exchange}")


@pytest.fixture
async def broker(rabbitmq: RabbitNode) -> AsyncIterator[Broker]:
    """With nothing on it."""
    one = Broker(rabbitmq)
    yield one
    await one.clean()


@dataclass
class Moving:
    """What moves, and what it counts."""

    store: Store
    book: LedgerBook = field(default_factory=lambda: LedgerBook(system_clock))
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def __post_init__(self) -> None:
        store = self.store
        ledger = OutcomeLedger(self.book, store.ledger, system_clock)
        books = Books(store.receipts, store.dead_letters, store.attempts, ledger)
        metrics = IngestorMetrics(self.registry, OPERATIONS)
        apply = ApplyRecords(store.records, store.identities, store.dedupe, system_clock, MatchPolicy())
        self.processor = Processor(OPERATIONS, apply, books, metrics, system_clock)
        self.mover = BrokerDeadLetters(self.processor, Unpacker(IDS), self.registry)

    @property
    def moved(self) -> float:
        """How many messages it says it moved."""
        return self.registry.get_sample_value("portico_broker_dead_letters_moved_total") or 0.0

    async def balance(self) -> tuple[int, int, int]:
        """Accepted, dead and in flight, of the leads; the gateway's acceptance is in the same book."""
        await self.store.ledger.put_many(self.book.take_changed())
        found = (await Ledger(self.store.ledger, system_clock).totals(0))[TENANT, LEADS]
        return found.accepted, found.outcomes["dead"], found.in_flight

    async def take(self, broker: Broker, count: int) -> None:
        """Move until it has moved so many, and what it has in hand is settled."""
        async with self.running(broker):
            async with asyncio.timeout(PATIENCE):
                while self.moved < count:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)

    @asynccontextmanager
    async def running(self, broker: Broker) -> AsyncIterator[None]:
        """At work."""
        async with broker.queue.dead_letters(16) as consumer:
            task = asyncio.create_task(self.mover.run(consumer))
            try:
                yield
            finally:
                self.mover.stop()
                await task


@pytest.fixture
def moving(store: Store) -> Moving:
    """On the test's own store."""
    return Moving(store)


async def letters_of(store: Store) -> list[DeadLetter]:
    """All open dead letters."""
    page = await store.kept_letters.page(Selection(), after=None, limit=100)
    return [kept.letter for kept in page]


async def assert_nothing_left(broker: Broker) -> None:
    """The dead-letter queue is empty, and nobody has anything of it in hand."""
    async with broker.queue.dead_letters(10) as consumer:
        assert [] == list(await consumer.take(10, ROOM, 0.3))


async def test_what_was_rejected_is_a_dead_letter(broker: Broker, moving: Moving) -> None:
    """Of its tenant and ingestion, with the bytes and what the broker noted; the receipt says dead, and the
    ledger balances."""
    one = ingestion(1)
    moving.book.accepted(Bucket.of(TENANT, LEADS, one.accepted_at), 1)
    await broker.reject(pack([one]))

    await moving.take(broker, 1)

    [letter] = await letters_of(moving.store)
    assert ("BROKER_GAVE_UP", "delivery", None) == (letter.code, letter.stage, letter.index)
    assert letter.message.endswith("rejected")
    assert (TENANT, LEADS, one.id, one.body) == (
        letter.tenant,
        letter.operation,
        letter.ingestion_id,
        letter.body,
    )
    assert f"{broker.prefix}.ingestions" == letter.headers["x-first-death-queue"]
    assert "load" == letter.headers["principal"]
    receipt = (await moving.store.receipts.get_many([one.id]))[one.id]
    assert {Outcome.DEAD: 1} == {outcome: count for outcome, count in receipt.counts.items() if count}
    assert ["BROKER_GAVE_UP"] == [result.code for result in receipt.results]
    assert (1, 1, 0) == await moving.balance()
    await assert_nothing_left(broker)


async def test_what_a_policy_of_the_broker_ended_is_a_dead_letter(broker: Broker, moving: Moving) -> None:
    """Here a message that nobody took in its time; the reason is the broker's."""
    await broker.let_expire(pack([ingestion(1)]))

    await moving.take(broker, 1)

    [letter] = await letters_of(moving.store)
    assert letter.message.endswith("expired")


async def test_a_kill_between_write_and_ack_leaves_one_letter(broker: Broker, moving: Moving) -> None:
    """The message comes again to the next ingestor, which finds its outcome."""
    one = ingestion(1)
    moving.book.accepted(Bucket.of(TENANT, LEADS, one.accepted_at), 1)
    await broker.reject(pack([one]), Message({"portico-tenant": TENANT}, b"of nobody"))
    async with broker.queue.dead_letters(10) as consumer:
        taken = list(await consumer.take(1, ROOM, PATIENCE))
        while len(taken) < 2:
            taken += await consumer.take(1, ROOM, PATIENCE)
        for delivery in taken:
            await moving.mover.keep(delivery.message)

    await moving.take(broker, 2)

    assert {"BROKER_GAVE_UP", "UNDECODABLE_MESSAGE"} == {one.code for one in await letters_of(moving.store)}
    assert 2 == len(await letters_of(moving.store))
    assert (1, 1, 0) == await moving.balance()
    await assert_nothing_left(broker)


async def test_what_has_its_outcome_stays_as_it_is(
    broker: Broker, moving: Moving, apply_records: ApplyRecords
) -> None:
    """Of two ingestions in one rejected message, one was stored already from another copy of it."""
    stored, other = ingestion(1), ingestion(2)
    store = moving.store
    books = Books(
        store.receipts,
        store.dead_letters,
        store.attempts,
        OutcomeLedger(moving.book, store.ledger, system_clock),
    )
    metrics = IngestorMetrics(CollectorRegistry(), OPERATIONS)
    await Processor(OPERATIONS, apply_records, books, metrics, system_clock).process([stored])
    await broker.reject(pack([stored, other]))

    await moving.take(broker, 1)

    assert [other.id] == [letter.ingestion_id for letter in await letters_of(store)]
    receipt = (await store.receipts.get_many([stored.id]))[stored.id]
    assert 1 == receipt.counts[Outcome.CREATED]


async def test_what_no_tenant_can_be_told_of(broker: Broker, moving: Moving) -> None:
    """As it came, of no tenant."""
    await broker.reject(Message({"portico-operation": LEADS}, b"what is this"))

    await moving.take(broker, 1)

    [letter] = await letters_of(moving.store)
    assert ("UNDECODABLE_MESSAGE", "", b"what is this") == (letter.code, letter.tenant, letter.body)
    assert "rejected" == letter.headers["x-first-death-reason"]


async def test_a_replay_stores_what_the_broker_gave_up(
    broker: Broker, moving: Moving, apply_records: ApplyRecords
) -> None:
    """With the version that it was sent with."""
    one = ingestion(1)
    await broker.reject(pack([one]))
    await moving.take(broker, 1)

    assert ["created 1"] == list((await replayed(moving.store, apply_records, Selection())).values())

    id = derived_id(Entity.LEAD, TENANT, "lead-1")
    found = (await moving.store.records.get_many(Entity.LEAD, [id]))[id]
    assert one.accepted_at == found.sources["odp_v1"].version.at


async def test_while_the_store_is_away_it_waits(
    broker: Broker, store: Store, mongodb_url: str, database_name: str
) -> None:
    """Nothing is settled, and nothing is lost."""
    async with Proxy(urlsplit(mongodb_url).port or 0) as proxy:
        url = f"mongodb://127.0.0.1:{proxy.port}/?directConnection=true"
        await proxy.refuse()
        async with open_store(url, name=database_name, selection_timeout=0.3, prepare=False) as far:
            moving = Moving(far)
            await broker.reject(pack([ingestion(1)]))
            async with moving.running(broker):
                await asyncio.sleep(0.6)
                assert ([], 0.0) == (await letters_of(store), moving.moved)
                proxy.admit()
                async with asyncio.timeout(PATIENCE):
                    while moving.moved < 1:  # noqa: ASYNC110
                        await asyncio.sleep(0.02)
    assert 1 == len(await letters_of(store))


async def test_the_sqlite_queue_gives_nothing_up_by_itself(tmp_path: Path) -> None:
    """Only ingestors take from it, and they count attempts and make the dead letters."""
    queue = SqliteQueue(tmp_path / "queue.sqlite", max_messages=ROOM, max_bytes=ROOM)
    async with queue.dead_letters(1) as consumer:
        assert consumer is None
