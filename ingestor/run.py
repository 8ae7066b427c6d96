"""The ingestor's loop: take many deliveries, process them, settle them; hold while the store is away."""

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import structlog

from domain.errors import MessageError, TransientError
from ingestor.breaker import DeadLetterBreaker
from ingestor.identify import Unpacker
from ingestor.metrics import IngestorMetrics
from ingestor.ports import Books
from ingestor.process import Ended, Processor
from ingestor.tracing import named
from messaging.envelope import Ingestion
from messaging.port import Consumer, Delivery

T = TypeVar("T")

_log = structlog.get_logger(__name__)

_HELD_PAUSE = 0.5
"""Seconds between two looks at the queue, or at what keeps us from it."""

_GATHERED = 0.05
"""Seconds between a small batch and the next. A batch of a few messages costs the store and this process
nearly as much as one of many: where messages come faster than batches end, fewer batches leave more of both
to everybody else. One message alone never waits for others."""


@dataclass(frozen=True, slots=True)
class IngestorLimits:
    """Bounds of one ingestor process."""

    max_messages: int = 64
    """Messages in one batch."""
    max_bytes: int = 1024 * 1024
    """Bytes of bodies in one batch, save that one larger message goes alone."""
    batches: int = 2
    """Batches in work at a time; memory in hand is at most this many times `max_bytes`."""
    attempts: int = 3
    """Attempts at an ingestion that ends the process, before it becomes a dead letter."""
    hold_seconds: float = 600.0
    """How long deliveries are held while the store is away; RabbitMQ closes channels at 1800."""
    longest_pause: float = 5.0
    """Seconds between attempts while the store is away, at most."""


class _Released(Exception):
    """The deliveries in hand are to be given back."""


class Ingestor:
    """Consumes until it is stopped. Several run side by side without knowing of each other."""

    def __init__(
        self,
        consumer: Consumer,
        processor: Processor,
        unpacker: Unpacker,
        books: Books,
        metrics: IngestorMetrics,
        limits: IngestorLimits,
        breaker: DeadLetterBreaker,
    ) -> None:
        self._consumer = consumer
        self._processor = processor
        self._unpacker = unpacker
        self._books = books
        self._metrics = metrics
        self._limits = limits
        self._breaker = breaker
        self._stopping = asyncio.Event()
        self._suspecting = asyncio.Lock()

    def stop(self) -> None:
        """Take nothing more; `run` returns when the batches in work are settled."""
        self._stopping.set()

    async def run(self) -> None:
        """Consume until `stop`."""
        free = asyncio.Semaphore(self._limits.batches)
        async with self._breaker.at_work(), asyncio.TaskGroup() as batches:
            while not self._stopping.is_set():
                await free.acquire()
                deliveries = await self._take()
                if not deliveries:
                    free.release()
                    continue
                batch = batches.create_task(self._settle_batch(deliveries))
                batch.add_done_callback(lambda _: free.release())
                if self._breaker.is_trying:
                    await asyncio.wait([batch])
                elif self._is_small(deliveries):
                    await self._stopped_within(_GATHERED)

    def _is_small(self, deliveries: Sequence[Delivery]) -> bool:
        """Whether several came, and yet far fewer than a batch holds."""
        size = sum(len(delivery.message.body) for delivery in deliveries)
        return 1 < len(deliveries) <= self._limits.max_messages // 2 and size <= self._limits.max_bytes // 8

    async def _take(self) -> Sequence[Delivery]:
        """What is there and may be taken, after half a second at most."""
        if not await self._breaker.allows():
            await self._stopped_within(_HELD_PAUSE)
            return []
        most = 1 if self._breaker.is_trying else self._limits.max_messages
        taken = await self._consumer.take(most, self._limits.max_bytes, timeout=_HELD_PAUSE)
        if taken and not await self._breaker.allows():
            # It opened while these were waited for: by a batch that was in work.
            for delivery in taken:
                await delivery.release()
            return []
        return taken

    async def _settle_batch(self, deliveries: Sequence[Delivery]) -> None:
        started = time.monotonic()
        fresh = [one for one in deliveries if not one.redelivered]
        suspects = [one for one in deliveries if one.redelivered]
        self._metrics.deliveries.labels("false").inc(len(fresh))
        self._metrics.deliveries.labels("true").inc(len(suspects))
        self._metrics.in_hand.inc(len(deliveries))
        unsettled = list(deliveries)
        try:
            if fresh:
                await self._process_together(fresh)
                await self._ack(fresh, unsettled)
            for suspect in suspects:
                await self._process_alone(suspect)
                await self._ack([suspect], unsettled)
        except _Released:
            _log.warning("deliveries_released", count=len(unsettled))
        finally:
            # Whatever ended the batch, what is not settled goes back to the queue.
            for delivery in unsettled:
                await delivery.release()
            self._metrics.in_hand.dec(len(deliveries))
            self._metrics.batch_seconds.observe(time.monotonic() - started)

    async def _ack(self, done: Sequence[Delivery], unsettled: list[Delivery]) -> None:
        # At once: the SQLite queue forgets all of them in one commit.
        await asyncio.gather(*(delivery.ack() for delivery in done))
        for delivery in done:
            unsettled.remove(delivery)

    async def _process_together(self, deliveries: Sequence[Delivery]) -> None:
        """The usual way: all ingestions of the batch at once."""
        ingestions = [one for delivery in deliveries for one in await self._unpack(delivery)]
        try:
            with named(*ingestions), self._metrics.working(one.accepted_at for one in ingestions):
                self._breaker.note(*await self._patiently(partial(self._processor.process, ingestions)))
        except (_Released, asyncio.CancelledError):
            raise
        except Exception:
            # A bug of ours, about one of them: find out which, and store the others.
            _log.exception("batch_failed", ingestions=len(ingestions))
            for ingestion in ingestions:
                with named(ingestion):
                    alone = partial(self._processor.process_alone, ingestion, ())
                    self._breaker.note(*await self._patiently(alone))

    async def _process_alone(self, delivery: Delivery) -> None:
        """The careful way, for what was delivered before: it may be what ended an ingestor.

        Each attempt is counted before it begins, so that a message that ends the process again and
        again is found out. One at a time in this process, or its end would count against the
        neighbours too.
        """
        for ingestion in await self._unpack(delivery):
            async with self._suspecting:
                with named(ingestion), self._metrics.working([ingestion.accepted_at]):
                    await self._process_suspect(ingestion)

    async def _process_suspect(self, ingestion: Ingestion) -> None:
        attempted_at = await self._patiently(partial(self._processor.begin, ingestion))
        try:
            self._breaker.note(*await self._patiently(partial(self._attempt, ingestion, attempted_at)))
        finally:
            # However it ended, the process did not: that attempt does not count against it.
            with contextlib.suppress(TransientError):
                await self._books.attempts.clear([ingestion.id])

    async def _attempt(self, ingestion: Ingestion, attempted_at: tuple[int, ...]) -> Ended:
        if len(attempted_at) > self._limits.attempts:
            return await self._processor.give_up(ingestion, attempted_at)
        return await self._processor.process_alone(ingestion, attempted_at)

    async def _unpack(self, delivery: Delivery) -> list[Ingestion]:
        try:
            return self._unpacker.unpack(delivery.message)
        except MessageError as error:
            keep = partial(self._processor.keep_undecodable, delivery.message, str(error))
            self._breaker.note(*await self._patiently(keep))
            return []

    async def _patiently(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do `work`, again and again while the store is away; the deliveries stay in hand.

        Raises _Released when the wait is over: the ingestor stops, or has held them long enough.
        """
        until = time.monotonic() + self._limits.hold_seconds
        pause = 0.05
        while True:
            try:
                return await work()
            except TransientError as error:
                self._metrics.transient_failures.inc()
                _log.warning("store_away", error=str(error), retry_in=round(pause, 2))
                if time.monotonic() > until:
                    raise _Released from error
                if await self._stopped_within(random.uniform(pause / 2, pause)):  # noqa: S311 - not a secret
                    raise _Released from error
                pause = min(pause * 2, self._limits.longest_pause)

    async def _stopped_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return False
        return True
