"""The webhooks of one process. Of several processes one delivers at a time, so that order is kept."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from uuid import uuid4

import structlog

from domain.clock import Clock
from domain.errors import TransientError
from domain.find import FindCustomer
from ingestor.webhooks.dispatch import MAX_MESSAGES, Dispatcher
from ingestor.webhooks.relay import Relay
from ingestor.webhooks.worker import Desk
from messaging.port import Queue
from storage.directory import EndpointDirectory
from storage.leases import LeaseRepository
from storage.outbox import OutboxRepository

_log = structlog.get_logger(__name__)

_LEASE = "webhooks"
_POLL = 0.2
"""Seconds between two looks into the outboxes."""
_AWAY = 1.0
"""Seconds until the next try while the store or the queue is away."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where facts come from."""

    outbox: OutboxRepository
    directory: EndpointDirectory
    find: FindCustomer
    leases: LeaseRepository


class Webhooks:
    """Relays and delivers while it holds the lease, until it is stopped."""

    def __init__(self, sources: Sources, queue: Queue, desk: Desk, clock: Clock, lease: float = 10.0) -> None:
        """`lease` seconds after the death of the process that delivers, another one takes over."""
        self._sources = sources
        self._queue = queue
        self._desk = desk
        self._clock = clock
        self._lease = lease
        self._owner = uuid4().hex
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Take nothing more; `run` returns when what is being sent has ended."""
        self._stopping.set()

    async def run(self) -> None:
        """Deliver until `stop`; where no tenant has an endpoint, nothing is opened or asked."""
        while not self._stopping.is_set():
            if not self._sources.directory.all():
                await self._wait(_AWAY)
                continue
            try:
                leads = await self._hold()
            except TransientError:
                leads = False
            if leads:
                await self._lead_safely()
            else:
                await self._wait(self._lease / 3)

    async def _hold(self) -> bool:
        now = self._clock()
        return await self._sources.leases.hold(
            _LEASE, self._owner, now=now, until=now + int(self._lease * 1000)
        )

    async def _lead_safely(self) -> None:
        """Whatever fails here must not take the ingestor beside it along."""
        try:
            await self._lead()
        except Exception:
            _log.exception("webhooks_failed")
            await self._wait(_AWAY)

    async def _lead(self) -> None:
        """Deliver until stopped, or until the lease is lost."""
        ending = asyncio.Event()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._keep_lease(ending))
                tasks.create_task(self._deliver(ending))
        finally:
            with suppress(TransientError):
                await self._sources.leases.give_up(_LEASE, self._owner)

    async def _keep_lease(self, ending: asyncio.Event) -> None:
        held_at = self._clock()
        while not self._stopping.is_set():
            await self._wait(self._lease / 3)
            try:
                if not await self._hold():
                    break
                held_at = self._clock()
            except TransientError:
                if self._clock() - held_at > self._lease * 1000:
                    break
        ending.set()

    async def _deliver(self, ending: asyncio.Event) -> None:
        while not ending.is_set():
            try:
                async with (
                    self._queue.publisher() as publisher,
                    self._queue.consumer(MAX_MESSAGES) as consumer,
                ):
                    sources = self._sources
                    relay = Relay(
                        sources.outbox, sources.directory, sources.find, publisher, self._desk.metrics
                    )
                    dispatcher = Dispatcher(self._desk, sources.directory, ending)
                    async with asyncio.TaskGroup() as tasks:
                        tasks.create_task(self._repeat(relay.round, ending))
                        tasks.create_task(self._repeat(partial(dispatcher.take, consumer), ending))
                        tasks.create_task(dispatcher.run())
            except TransientError as error:
                _log.warning("webhooks_away", error=str(error))
                await self._wait(_AWAY)

    async def _repeat(self, work: Callable[[], Awaitable[bool]], ending: asyncio.Event) -> None:
        while not ending.is_set():
            try:
                if not await work():
                    await self._wait(_POLL)
            except TransientError as error:
                _log.warning("webhooks_held", error=str(error))
                await self._wait(_AWAY)

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
