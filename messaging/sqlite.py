"""The durable queue in a SQLite file: for one machine, any number of processes on it."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from domain.clock import Clock, system_clock
from domain.errors import QueueFullError, QueueUnavailableError
from messaging import limits
from messaging import sqlite_store as store
from messaging.port import Message
from messaging.sqlite_consumer import SqliteConsumer
from messaging.sqlite_store import Bounds
from messaging.sqlite_writer import Operation, Writer


class SqliteQueue:
    """A bounded queue in the file at `path`, which is made with its folder where it is missing."""

    def __init__(
        self,
        path: Path,
        *,
        max_messages: int,
        max_bytes: int,
        lease: float = 60.0,
        clock: Clock = system_clock,
    ) -> None:
        """`lease`: seconds after which a claim that nobody renews ends; a consumer renews its own."""
        self._path = path
        self._lease = lease
        self._clock = clock
        self._append = partial(store.append, Bounds(max_messages, max_bytes))
        self._gate = asyncio.Lock()
        self._users = 0
        self._writer: Writer | None = None
        self._consumers: set[SqliteConsumer] = set()

    @asynccontextmanager
    async def publisher(self) -> AsyncIterator["SqlitePublisher"]:
        """A publisher. Raises QueueUnavailableError where the file cannot be opened."""
        async with self._opened() as writer:
            yield SqlitePublisher(writer, self._append, self._wake)

    @asynccontextmanager
    async def consumer(self, prefetch: int) -> AsyncIterator[SqliteConsumer]:
        """A consumer. Raises QueueUnavailableError where the file cannot be opened."""
        async with self._opened() as writer:
            consumer = SqliteConsumer(writer, self._path, prefetch, self._lease, self._clock, self._wake)
            self._consumers.add(consumer)
            try:
                async with consumer.kept():
                    yield consumer
            finally:
                self._consumers.discard(consumer)

    @asynccontextmanager
    async def dead_letters(self, prefetch: int) -> AsyncIterator[None]:
        """None: this file gives nothing up by itself, and nobody but ingestors takes from it."""
        yield None

    async def depth(self) -> int:
        """How many messages wait to be delivered. Raises QueueUnavailableError."""
        async with self._opened() as writer:
            return await writer.run(store.count_waiting, None)

    def unsettled(self) -> int:
        """How many messages the consumers opened here hold."""
        return sum(consumer.unsettled for consumer in self._consumers)

    def _wake(self) -> None:
        for consumer in self._consumers:
            consumer.arrived.set()

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[Writer]:
        """The one writer of this process, closed by the last who needs it."""
        async with self._gate:
            if self._writer is None:
                writer = Writer(self._path)
                await writer.open()
                self._writer = writer
            writer = self._writer
            self._users += 1
        try:
            yield writer
        finally:
            self._users -= 1
            if self._users == 0:
                self._writer = None
                await writer.close()


def _new_id() -> str:
    # No secret; to ask the system for one would let other threads have the interpreter.
    return f"{random.getrandbits(128):032x}"


class SqlitePublisher:
    """Publishes; what is published at the same time is committed together."""

    def __init__(
        self, writer: Writer, append: Operation[Message, QueueFullError | None], wake: Callable[[], None]
    ) -> None:
        """`wake` tells this process's consumers that there is something new."""
        self._writer = writer
        self._append = append
        self._wake = wake

    async def publish(self, message: Message, timeout: float) -> None:
        """See `Publisher.publish`. Raises MessageError where no queue could carry the message."""
        limits.check(message)
        named = message if message.id else replace(message, id=_new_id())
        try:
            async with asyncio.timeout(timeout):
                await self._writer.run(self._append, named, len(message.body))
        except TimeoutError as error:
            raise QueueUnavailableError("no commit came in time") from error
        self._wake()

    def is_ready(self) -> bool:
        """Whether the file is open; only a publish tells whether it can be written."""
        return self._writer.is_open()
