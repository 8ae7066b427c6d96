"""A connection to the broker that comes back by itself.

aio-pika's own robust connection does not always restore a consumer, so a link rebuilds all that it
is made of (connection, channel, topology, consumer) in one place, each time in the same way, and
watches that the broker still answers.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, Generic, Self, TypeVar, cast

import aio_pika
import aiormq
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractQueue

log = logging.getLogger(__name__)

DRIVER_ERRORS: tuple[type[Exception], ...] = (Exception,)
"""What the driver may raise: aiormq fails what a lost channel was asked with a bare `Exception`."""

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0

Part = TypeVar("Part")
SetUp = Callable[[AbstractChannel], Awaitable[Part]]


class Link(Generic[Part]):
    """One connection with one channel, and on it what `set_up` makes; rebuilt when it is lost."""

    def __init__(
        self,
        url: str,
        queue: str,
        heartbeat: int,
        set_up: SetUp[Part],
        on_lost: Callable[[], None] = lambda: None,
        *,
        consumers: int = 0,
    ) -> None:
        """`queue`: the name of the one that `set_up` uses. `heartbeat` in seconds: within two of them a
        broker that fell silent is noticed.

        `consumers`: how many the queue must have for the link to be sound.
        """
        self._url = url
        self._queue = queue
        self._heartbeat = heartbeat
        self._set_up = set_up
        self._on_lost = on_lost
        self._consumers = consumers
        self._connection: AbstractConnection | None = None
        self._part: Part | None = None
        self._up = asyncio.Event()
        self._lost = asyncio.Event()
        self._tried = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Returns after the first attempt, whether it connected or not: a link outlives outages."""
        self._task = asyncio.create_task(self._keep_up())
        try:
            await self._tried.wait()
        except asyncio.CancelledError:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def ready(self) -> Part:
        """What `set_up` made, once the link is up and the broker takes publishes."""
        while True:
            await self._up.wait()
            if self._connection is not None and self._connection.transport is not None:
                await self._connection.transport.ready()
            if self._part is not None:
                return self._part

    def is_ready(self) -> bool:
        """Whether `ready` would return at once."""
        return self._up.is_set() and not self._is_blocked()

    def drop(self, part: Part) -> None:
        """Rebuild the link if it still is the one that made `part`: its channel does not answer."""
        if part is self._part:
            self._take_down()

    async def depth(self) -> int:
        """How many messages wait in the queue. Raises one of DRIVER_ERRORS."""
        connection = self._connection
        if connection is None:
            raise ConnectionError("the link is down")
        return await count_waiting(connection, self._queue)

    async def _keep_up(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            try:
                async with self._connected() as connection:
                    pause = _FIRST_PAUSE
                    self._tried.set()
                    await self._watch(connection)
            except Exception as error:
                # Whatever it is, a link that stopped trying would be a queue that never comes back.
                log.warning("no link to the broker: %r", error)
            except asyncio.CancelledError:
                if is_own_cancellation():
                    raise
            finally:
                self._tried.set()
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[AbstractConnection]:
        connection = await open_connection(self._url, self._heartbeat)
        try:
            async with asyncio.timeout(4 * self._heartbeat):
                channel = await connection.channel(on_return_raises=True)
                self._lost.clear()
                await self._hear_of_loss(channel)
                part = await self._set_up(channel)
            self._connection, self._part = connection, part
            if not self._lost.is_set():
                self._up.set()
            yield connection
        finally:
            self._take_down()
            self._connection = self._part = None
            await close_connection(connection, self._heartbeat)

    async def _hear_of_loss(self, channel: AbstractChannel) -> None:
        channel.close_callbacks.add(lambda *_: self._take_down())
        underlay = await channel.get_underlay_channel()
        cast(aiormq.Channel, underlay).on_consumer_cancel_callbacks.add(lambda _: self._take_down())

    def _take_down(self) -> None:
        self._up.clear()
        self._lost.set()
        self._on_lost()

    async def _watch(self, connection: AbstractConnection) -> None:
        """Return when the link is lost. Asks the broker once a heartbeat, for a channel can be
        open and dead."""
        while not self._lost.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(self._heartbeat):
                    await self._lost.wait()
                    return
            if not self._is_blocked():
                async with asyncio.timeout(self._heartbeat):
                    queue = await inspect(connection, self._queue)
                if (queue.declaration_result.consumer_count or 0) < self._consumers:
                    raise ConnectionError("the broker lost the consumer")

    def _is_blocked(self) -> bool:
        """Whether the broker has blocked the connection (memory or disk alarm)."""
        transport = self._connection.transport if self._connection is not None else None
        if transport is None:
            return True
        readiness = cast(Coroutine[Any, Any, None], transport.ready())
        try:
            readiness.send(None)
        except StopIteration:
            return False
        readiness.close()
        return True


async def open_connection(url: str, heartbeat: int) -> AbstractConnection:
    """A plain connection. Raises one of DRIVER_ERRORS."""
    async with asyncio.timeout(2 * heartbeat):
        return await aio_pika.connect(url, heartbeat=heartbeat)


async def close_connection(connection: AbstractConnection, patience: float) -> None:
    """Close in order, within `patience` seconds, whatever state it is in."""
    with suppress(*DRIVER_ERRORS):
        async with asyncio.timeout(patience):
            await connection.close()


async def inspect(connection: AbstractConnection, name: str) -> AbstractQueue:
    """The queue as the broker has it, asked on a channel of its own. Raises one of DRIVER_ERRORS."""
    async with connection.channel(publisher_confirms=False) as channel:
        return await channel.declare_queue(name, passive=True)


async def count_waiting(connection: AbstractConnection, name: str) -> int:
    """How many messages wait in the queue. Raises one of DRIVER_ERRORS."""
    queue = await inspect(connection, name)
    return queue.declaration_result.message_count or 0


def is_own_cancellation() -> bool:
    """Whether a CancelledError means this task: the driver also cancels what it gives up on."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0
