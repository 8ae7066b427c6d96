"""What the AMQP queue promises beyond the contract: outages, other producers, its topology."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import cast

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, HeadersType

from domain.errors import QueueFullError, QueueUnavailableError
from messaging.amqp import AmqpDelivery
from messaging.port import Consumer, Message, Publisher
from tests.messaging.benches import ROOM, AmqpBench, ack_all, bodies, collect


@asynccontextmanager
async def channel_of(bench: AmqpBench) -> AsyncIterator[AbstractChannel]:
    """Another client's channel, straight to the node."""
    async with await aio_pika.connect(bench.node.url) as connection:
        yield await connection.channel(on_return_raises=True)


class Load:
    """Publishes numbers from 20 tasks, retrying each until it is confirmed, and consumes them."""

    def __init__(self, publisher: Publisher, consumer: Consumer) -> None:
        self.confirmed: set[bytes] = set()
        self.received: set[bytes] = set()
        self._publisher = publisher
        self._consumer = consumer
        self._over = self._published = False

    async def publish(self, first: int) -> None:
        """Every twentieth number."""
        number = first
        while not self._over:
            body = b"%d" % number
            try:
                await self._publisher.publish(Message({}, body), 1.0)
            except QueueUnavailableError:
                await asyncio.sleep(0.02)
            else:
                self.confirmed.add(body)
                number += 20

    async def consume(self) -> None:
        """Until all that was confirmed is received."""
        while not (self._published and self.confirmed <= self.received):
            taken = await self._consumer.take(100, ROOM, 0.5)
            self.received |= set(bodies(taken))
            await ack_all(taken)

    async def reach(self, more: int) -> None:
        """Return when `more` messages are confirmed than now."""
        goal = len(self.confirmed) + more
        async with asyncio.timeout(60):
            while True:
                if len(self.confirmed) >= goal:
                    return
                await asyncio.sleep(0.01)

    async def finish(self, publishing: Sequence[asyncio.Task[None]]) -> None:
        """Publish no more than what is in flight."""
        self._over = True
        await asyncio.gather(*publishing)
        self._published = True


@asynccontextmanager
async def loaded(bench: AmqpBench) -> AsyncIterator[Load]:
    """A load; at the end every confirmed message must have been received, within 30 seconds."""
    queue = bench.queue()
    async with queue.publisher() as publisher, queue.consumer(50) as consumer:
        load = Load(publisher, consumer)
        async with asyncio.timeout(100), asyncio.TaskGroup() as group:
            publishing = [group.create_task(load.publish(first)) for first in range(20)]
            consuming = group.create_task(load.consume())
            yield load
            await load.finish(publishing)
            await asyncio.wait_for(consuming, 30)
    assert load.confirmed <= load.received


async def test_a_killed_broker_loses_nothing_confirmed(amqp_bench: AmqpBench) -> None:
    """kill -9 under load: every confirmed message is delivered, and both ends go on as they are."""
    async with loaded(amqp_bench) as load:
        await asyncio.sleep(1.5)  # RabbitMQ 3.10 saves a new queue's own directory entry after half a second
        await load.reach(300)
        amqp_bench.node.kill()
        await asyncio.sleep(0.5)
        await asyncio.to_thread(amqp_bench.node.start)
        await load.reach(300)


async def test_cut_connections_lose_nothing_confirmed(amqp_bench: AmqpBench) -> None:
    """Connections reset again and again under load: the same ends go on each time."""
    async with loaded(amqp_bench) as load:
        for _ in range(5):
            await load.reach(100)
            await amqp_bench.proxy.cut()
        await load.reach(100)


async def test_a_silent_broker_is_noticed(amqp_bench: AmqpBench) -> None:
    """Connections that carry nothing any more are given up within two heartbeats, and replaced."""
    queue = amqp_bench.queue()
    async with queue.publisher() as publisher, queue.consumer(10) as consumer:
        amqp_bench.proxy.pause()
        async with asyncio.timeout(8):
            while publisher.is_ready() or consumer.is_ready():  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        amqp_bench.proxy.resume()
        await publisher.publish(Message({}, b"after"), 20)
        await ack_all(await collect(consumer, 1))


async def test_opening_while_the_broker_is_away_waits_for_it(amqp_bench: AmqpBench) -> None:
    """Portico may start before its broker: not ready, unavailable, and then ready without a restart."""
    queue = amqp_bench.queue()
    await amqp_bench.proxy.refuse()
    async with queue.publisher() as publisher, queue.consumer(10) as consumer:
        assert (False, False) == (publisher.is_ready(), consumer.is_ready())
        with pytest.raises(QueueUnavailableError):
            await publisher.publish(Message({}, b"early"), 0.2)
        with pytest.raises(QueueUnavailableError):
            await queue.depth()
        assert [] == list(await consumer.take(1, ROOM, 0.1))
        amqp_bench.proxy.admit()
        await publisher.publish(Message({}, b"late"), 20)
        await ack_all(await collect(consumer, 1))


async def test_a_deleted_queue_is_told_and_declared_again(amqp_bench: AmqpBench) -> None:
    """A message that no queue would keep is never confirmed; the queue comes back by itself."""
    async with amqp_bench.queue().publisher() as publisher:
        async with channel_of(amqp_bench) as channel:
            await channel.queue_delete(amqp_bench.name)
        with pytest.raises(QueueUnavailableError) as caught:
            await publisher.publish(Message({}, b"nowhere"), 10)
        await publisher.publish(Message({}, b"somewhere"), 20)
    assert not isinstance(caught.value, QueueFullError)
    async with amqp_bench.queue().consumer(10) as consumer:
        (delivery,) = await collect(consumer, 1)
        await delivery.ack()
    assert delivery.message.body == b"somewhere"


async def test_a_consumer_survives_its_queue(amqp_bench: AmqpBench) -> None:
    """A deleted queue cancels the consumer; it declares the queue and consumes again."""
    queue = amqp_bench.queue()
    async with queue.publisher() as publisher, queue.consumer(10) as consumer:
        async with channel_of(amqp_bench) as channel:
            await channel.queue_delete(amqp_bench.name)
        async with asyncio.timeout(20):
            while True:
                try:
                    await publisher.publish(Message({}, b"again"), 5)
                except QueueUnavailableError:
                    continue
                break
        await ack_all(await collect(consumer, 1))


async def test_a_blocked_connection_is_not_ready(amqp_bench: AmqpBench) -> None:
    """Under the broker's memory alarm publishes end at their deadline, and go on when it is over."""
    async with amqp_bench.queue().publisher() as publisher:
        await asyncio.to_thread(amqp_bench.node.control, "set_vm_memory_high_watermark", "0.000001")
        try:
            async with asyncio.timeout(20):
                while publisher.is_ready():
                    with pytest.raises(QueueUnavailableError):
                        await publisher.publish(Message({}, b"blocked"), 0.3)
            await asyncio.sleep(5)  # longer than the link needs to find a silent broker
            assert not publisher.is_ready()
        finally:
            await asyncio.to_thread(amqp_bench.node.control, "set_vm_memory_high_watermark", "0.6")
        await publisher.publish(Message({}, b"unblocked"), 20)


async def test_other_producers_are_heard(amqp_bench: AmqpBench) -> None:
    """Whatever routing key and header types another producer uses, the message comes, as text."""
    headers: HeadersType = {
        "text": "plain",
        "number": 2**40,
        "flag": True,
        "bytes": bytearray(b"raw \xff"),
        "none": None,
        "when": datetime(2026, 1, 2, tzinfo=UTC),
        "table": {"a": [1, "b"]},
    }
    async with amqp_bench.queue().consumer(10) as consumer:
        async with channel_of(amqp_bench) as channel:
            exchange = await channel.get_exchange(f"{amqp_bench.prefix}.ingest")
            sent = aio_pika.Message(b"foreign", headers=headers, message_id="theirs")
            await exchange.publish(sent, "any.key.they.like")
        (delivery,) = await collect(consumer, 1)
        await delivery.ack()
    assert ("theirs", b"foreign") == (delivery.message.id, delivery.message.body)
    assert {
        "text": "plain",
        "number": "1099511627776",
        "flag": "true",
        "bytes": "raw \ufffd",
        "none": "",
        "when": '"2026-01-02 00:00:00+00:00"',
        "table": '{"a": [1, "b"]}',
    } == delivery.message.headers


async def test_what_another_consumer_rejects_is_dead_lettered(amqp_bench: AmqpBench) -> None:
    """A reject without requeue ends in the dead-letter queue, not nowhere."""
    async with amqp_bench.queue().publisher() as publisher:
        await publisher.publish(Message({}, b"rejected"), 10)
    async with channel_of(amqp_bench) as channel:
        queue = await channel.get_queue(amqp_bench.name)
        dead = await channel.get_queue(f"{amqp_bench.prefix}.dead")
        message = await queue.get(timeout=10)
        assert message is not None
        await message.reject(requeue=False)
        letters: asyncio.Queue[bytes] = asyncio.Queue()

        async def receive(letter: AbstractIncomingMessage) -> None:
            await letters.put(letter.body)

        await dead.consume(receive, no_ack=True)
        letter = await asyncio.wait_for(letters.get(), 20)
    assert letter == b"rejected"


async def test_releasing_again_and_again_never_dead_letters(amqp_bench: AmqpBench) -> None:
    """The broker counts no attempts: the ingestor does, record by record."""
    queue = amqp_bench.queue()
    async with queue.publisher() as publisher, queue.consumer(10) as consumer:
        await publisher.publish(Message({}, b"stubborn"), 10)
        for _ in range(30):
            (delivery,) = await collect(consumer, 1)
            await delivery.release()
        (delivery,) = await collect(consumer, 1)
        await delivery.ack()
    assert delivery.redelivered


class _OnALostChannel:
    """A message that aio-pika delivered, whose channel is gone."""

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}
        self.body, self.message_id, self.redelivered = b"", "m", False

    async def ack(self) -> None:
        raise Exception  # noqa: TRY002 - what aiormq fails the futures of a lost connection with


async def test_a_settlement_that_the_lost_channel_fails_is_given_up() -> None:
    """Whatever the driver raises then: the message comes again, and the consumer goes on."""
    given_up: list[bool] = []
    incoming = cast(AbstractIncomingMessage, _OnALostChannel())

    unsettled: set[AmqpDelivery] = set()
    delivery = AmqpDelivery(incoming, 1.0, unsettled, lambda: given_up.append(True))
    unsettled.add(delivery)
    await delivery.ack()

    assert ([True], set()) == (given_up, unsettled)
