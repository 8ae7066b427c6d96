"""The consuming side of the SQLite queue: claims that are leases."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from domain.clock import Clock
from domain.errors import QueueUnavailableError
from messaging import sqlite_store as store
from messaging.sqlite_owners import Owner
from messaging.sqlite_store import Claim, Claimed, Held
from messaging.sqlite_writer import Job, Operation, Writer

log = logging.getLogger(__name__)

_POLL = 0.05
"""Seconds between looks at what other processes did; within one process waiters are woken."""
_PATIENCE = 1.0
"""Seconds that a claim gets at least, however short the wait of its `take`."""
_SWEEP = 1.0
"""Seconds between looks for consumers that died."""


class SqliteConsumer:
    """Claims messages and renews the leases of those it holds."""

    def __init__(
        self,
        writer: Writer,
        path: Path,
        prefetch: int,
        lease: float,
        clock: Clock,
        wake: Callable[[], None],
    ) -> None:
        """`lease` in seconds; `wake` tells this process's consumers that messages wait again."""
        self.arrived = asyncio.Event()
        """Set when there may be something to claim."""
        self._writer = writer
        self._owner = Owner(path)
        self._prefetch = prefetch
        self._lease = lease
        self._clock = clock
        self._wake = wake
        self._held: dict[int, SqliteDelivery] = {}
        self._answers = True

    async def take(self, max_messages: int, max_bytes: int, timeout: float) -> Sequence["SqliteDelivery"]:
        """See `Consumer.take`."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        while True:
            self.arrived.clear()
            room = min(max_messages, self._prefetch - len(self._held))
            left = deadline - loop.time()
            if room > 0 and (taken := await self._claim(room, max_bytes, max(left, _PATIENCE))):
                return taken
            left = deadline - loop.time()
            if left <= 0:
                return []
            await _wait(self.arrived, min(left, _POLL))

    def is_ready(self) -> bool:
        """Whether the file took the last claim."""
        return self._answers and self._writer.is_open()

    @property
    def unsettled(self) -> int:
        """Messages claimed and not settled."""
        return len(self._held)

    async def settle(self, delivery: "SqliteDelivery", how: Operation[Held, None]) -> None:
        """Apply `how` to the message where this delivery still holds it."""
        if self._held.get(delivery.seq) is not delivery:
            return
        try:
            await self._writer.run(how, Held(self._owner.token, (delivery.seq,)))
        except QueueUnavailableError as error:
            log.warning("a delivery was not settled and comes again: %s", error)
        finally:
            # Settled or not: its lease is not renewed from here on.
            if self._held.get(delivery.seq) is delivery:
                del self._held[delivery.seq]
            self._wake()

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Alive, with its leases renewed; at the end what was not settled is released."""
        try:
            await asyncio.to_thread(self._owner.enter)
        except OSError as error:
            raise QueueUnavailableError("the queue's folder cannot be written") from error
        try:
            await self._sweep()
            keeper = asyncio.create_task(self._keep())
            try:
                yield
            finally:
                keeper.cancel()
                await asyncio.gather(keeper, return_exceptions=True)
                self._held.clear()
                await self._try(store.release_owners, self._owner.token)
        finally:
            await asyncio.to_thread(self._owner.leave)
            self._wake()

    async def _claim(self, max_messages: int, max_bytes: int, within: float) -> list["SqliteDelivery"]:
        now = self._clock()
        wish = Claim(self._owner.token, now, self._lease_end(now), max_messages, max_bytes)
        job = self._writer.submit(store.claim, wish)
        try:
            async with asyncio.timeout(within):
                claimed: list[Claimed] = await asyncio.shield(job.future)
        except asyncio.CancelledError:
            self._abandon(job)
            raise
        except (TimeoutError, QueueUnavailableError) as error:
            self._abandon(job)
            if self._answers:
                log.warning("the queue does not answer: %r", error)
            self._answers = False
            return []
        self._answers = True
        taken = [SqliteDelivery(self, one) for one in claimed]
        self._held.update((delivery.seq, delivery) for delivery in taken)
        return taken

    def _abandon(self, job: Job) -> None:
        job.abandoned = True
        job.future.add_done_callback(self._give_back)

    def _give_back(self, future: asyncio.Future[list[Claimed]]) -> None:
        """Release what was claimed for a `take` that did not wait for it."""
        if future.cancelled() or future.exception() is not None or not future.result():
            return
        seqs = tuple(one.seq for one in future.result())
        job = self._writer.submit(store.release, Held(self._owner.token, seqs))
        job.future.add_done_callback(lambda _: self._wake())

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        renewal = loop.time() + self._lease / 3
        while True:
            await asyncio.sleep(min(_SWEEP, self._lease / 3))
            await self._sweep()
            if self._held and loop.time() >= renewal:
                held = Held(self._owner.token, tuple(self._held))
                await self._try(store.renew, (held, self._lease_end(self._clock())))
                renewal = loop.time() + self._lease / 3

    async def _sweep(self) -> None:
        if await self._try(store.sweep, self._owner.is_alive):
            self._wake()

    async def _try(self, operation: Operation[Any, Any], request: Any) -> Any:
        try:
            return await self._writer.run(operation, request)
        except QueueUnavailableError as error:
            log.warning("the queue's leases were not looked after: %s", error)
            return None

    def _lease_end(self, now: int) -> int:
        return now + int(self._lease * 1000)


class SqliteDelivery:
    """One claimed message."""

    def __init__(self, consumer: SqliteConsumer, claimed: Claimed) -> None:
        self.seq = claimed.seq
        """The message's number in the file."""
        self.message = claimed.message
        self.redelivered = claimed.deliveries > 1
        self._consumer = consumer

    async def ack(self) -> None:
        """The message is done with."""
        await self._consumer.settle(self, store.forget)

    async def release(self) -> None:
        """Give the message back."""
        await self._consumer.settle(self, store.release)


async def _wait(event: asyncio.Event, timeout: float) -> None:
    try:
        async with asyncio.timeout(timeout):
            await event.wait()
    except TimeoutError:
        return
