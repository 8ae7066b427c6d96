"""A queue that is counted and timed, over either adapter."""

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from domain.errors import MessageError, QueueFullError, QueueMissingError, QueueUnavailableError
from messaging.port import Consumer, Message, Publisher, Queue

_LATENCIES = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class QueueMetrics:
    """The metrics of all queues of a process, in the registry that it is given."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register the metrics in `registry`; once per registry."""
        self.publishes = Counter(
            "portico_queue_publishes",
            "Messages published: confirmed, full (refused at the queue's bound), returned (there is no "
            "queue), refused (no queue could carry it) or unconfirmed (unknown whether it was kept).",
            ("queue", "result"),
            registry=registry,
        )
        self.publish_seconds = Histogram(
            "portico_queue_publish_seconds",
            "Seconds from sending a message to the queue's confirm.",
            ("queue",),
            buckets=_LATENCIES,
            registry=registry,
        )
        self.depth = Gauge(
            "portico_queue_depth_messages",
            "Messages that wait to be delivered; NaN while the queue does not say.",
            ("queue",),
            registry=registry,
        )
        self.up = Gauge(
            "portico_queue_up", "Whether the queue last said how long it is.", ("queue",), registry=registry
        )


class MeteredQueue:
    """Counts what is published to a queue, and times it; consumers are the queue's own."""

    def __init__(self, queue: Queue, name: str, metrics: QueueMetrics) -> None:
        """`name` is the queue's label: one of ours, as there are as many series as names."""
        self._queue = queue
        self._name = name
        self._metrics = metrics

    @asynccontextmanager
    async def publisher(self) -> AsyncIterator["MeteredPublisher"]:
        """See `Queue.publisher`."""
        async with self._queue.publisher() as publisher:
            yield MeteredPublisher(publisher, self._name, self._metrics)

    def consumer(self, prefetch: int) -> AbstractAsyncContextManager[Consumer]:
        """See `Queue.consumer`."""
        return self._queue.consumer(prefetch)

    def dead_letters(self, prefetch: int) -> AbstractAsyncContextManager[Consumer | None]:
        """See `Queue.dead_letters`."""
        return self._queue.dead_letters(prefetch)

    async def depth(self) -> int:
        """See `Queue.depth`."""
        return await self._queue.depth()

    def unsettled(self) -> int:
        """See `Queue.unsettled`."""
        return self._queue.unsettled()

    async def watch(self, pause: float) -> None:
        """Look every `pause` seconds, until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(pause)

    async def look(self) -> None:
        """Note how long the queue is, or that it does not say."""
        try:
            depth, answers = float(await self.depth()), 1
        except QueueUnavailableError:
            depth, answers = math.nan, 0
        self._metrics.depth.labels(self._name).set(depth)
        self._metrics.up.labels(self._name).set(answers)


class MeteredPublisher:
    """Counts and times the publishes of another publisher."""

    def __init__(self, publisher: Publisher, name: str, metrics: QueueMetrics) -> None:
        self._publisher = publisher
        self._seconds = metrics.publish_seconds.labels(name)
        self._results = {
            result: metrics.publishes.labels(name, result)
            for result in ("confirmed", "full", "returned", "refused", "unconfirmed")
        }

    async def publish(self, message: Message, timeout: float) -> None:
        """See `Publisher.publish`."""
        started, result = time.monotonic(), "unconfirmed"
        try:
            await self._publisher.publish(message, timeout)
            result = "confirmed"
        except QueueFullError:
            result = "full"
            raise
        except QueueMissingError:
            result = "returned"
            raise
        except MessageError:
            result = "refused"
            raise
        finally:
            self._results[result].inc()
            if result == "confirmed":
                self._seconds.observe(time.monotonic() - started)

    def is_ready(self) -> bool:
        """See `Publisher.is_ready`."""
        return self._publisher.is_ready()
