"""Each adapter on its real queue, and how to take that queue away."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import aio_pika

from messaging.amqp import AmqpQueue
from messaging.port import Consumer, Delivery, Queue
from messaging.sqlite import SqliteQueue
from tests.support.proxy import Proxy
from tests.support.rabbitmq import RabbitNode

ROOM = 1 << 30
"""A bound that is not reached, in messages or bytes."""


class Bench(Protocol):
    """An adapter under test."""

    def queue(self, *, max_messages: int = ROOM, max_bytes: int = ROOM) -> Queue:
        """The test's queue; made again, it is the same one."""

    async def pushed(self, queue: Queue) -> None:
        """Return when an open consumer has been sent all that it may hold."""

    def away(self) -> AbstractAsyncContextManager[None]:
        """Within it the queue does not answer."""


class SqliteBench:
    """A file of the test's own."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def queue(self, *, max_messages: int = ROOM, max_bytes: int = ROOM, lease: float = 60.0) -> SqliteQueue:
        return SqliteQueue(self.path, max_messages=max_messages, max_bytes=max_bytes, lease=lease)

    async def pushed(self, queue: Queue) -> None:
        """Nothing is pushed: a consumer reads the file when it takes."""

    @asynccontextmanager
    async def away(self) -> AsyncIterator[None]:
        database = sqlite3.connect(self.path, isolation_level=None)
        try:
            database.execute("BEGIN EXCLUSIVE")
            yield
        finally:
            database.close()


class AmqpBench:
    """Names of the test's own on a real node, reached through a proxy."""

    def __init__(self, node: RabbitNode, proxy: Proxy) -> None:
        self.node = node
        self.proxy = proxy
        self.prefix = f"test-{uuid4().hex[:12]}"
        self.url = f"amqp://guest:guest@127.0.0.1:{proxy.port}/"

    @property
    def name(self) -> str:
        return f"{self.prefix}.ingestions"

    def queue(self, *, max_messages: int = ROOM, max_bytes: int = ROOM) -> AmqpQueue:
        return AmqpQueue(
            self.url, name=self.name, max_messages=max_messages, max_bytes=max_bytes, heartbeat=2
        )

    async def pushed(self, queue: Queue) -> None:
        await wait_for_depth(queue, 0)
        await asyncio.sleep(0.1)  # from the broker's socket to ours

    @asynccontextmanager
    async def away(self) -> AsyncIterator[None]:
        self.proxy.pause()
        try:
            yield
        finally:
            self.proxy.resume()

    async def clean(self) -> None:
        """Remove all that the test declared."""
        async with await aio_pika.connect(self.node.url) as connection:
            channel = await connection.channel()
            for queue in (self.name, f"{self.prefix}.dead"):
                await channel.queue_delete(queue)
            for exchange in (f"{self.prefix}.ingest", f"{self.prefix}.dead"):
                await channel.exchange_delete(exchange)


async def wait_for_depth(queue: Queue, expected: int) -> None:
    """Poll until `expected` messages wait; fails after ten seconds."""
    async with asyncio.timeout(10):
        while True:
            if await queue.depth() == expected:
                return
            await asyncio.sleep(0.02)


async def collect(consumer: Consumer, count: int, within: float = 20.0) -> list[Delivery]:
    """Take until `count` messages are there, unsettled; fails after `within` seconds."""
    taken: list[Delivery] = []
    async with asyncio.timeout(within):
        while len(taken) < count:
            taken += await consumer.take(count - len(taken), ROOM, 1.0)
    return taken


async def ack_all(deliveries: Sequence[Delivery]) -> None:
    """Acknowledge each."""
    await asyncio.gather(*(delivery.ack() for delivery in deliveries))


def bodies(deliveries: Sequence[Delivery]) -> list[bytes]:
    """Their bodies, in order."""
    return [delivery.message.body for delivery in deliveries]
