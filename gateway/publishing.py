"""Publishing ingestions, confirmed: requests in flight share messages (group commit, design §1).

While a bounded number of messages is under way newcomers queue; when one is confirmed, all that
queued since share the next. So a lone request waits for nobody, and many share a confirm. Tenants take
turns, and none may have more than a share in flight: one that floods waits for itself.
"""

import asyncio
import copy
from collections.abc import Callable
from contextlib import AbstractContextManager
from contextvars import Context
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from domain.errors import QueueUnavailableError
from domain.tracing import NO_TRACER, Attributes, Kind, Span, Tracer, common
from gateway.errors import OverloadedError
from gateway.metrics import GatewayMetrics
from gateway.shares import FairQueue, Shares
from messaging.envelope import Ingestion, pack
from messaging.port import Publisher

_FACTS_BYTES = 250
"""What an ingestion's facts take in a message's headers, its own texts aside."""


@dataclass(frozen=True, slots=True)
class PublishLimits:
    """Bounds of one process. Beyond those in flight, or its tenant's share of them, an ingestion is
    refused at once."""

    bytes_in_flight: int = 64 * 1024 * 1024
    ingestions_in_flight: int = 8192
    messages_in_flight: int = 8
    ingestions_a_message: int = 128
    bytes_a_message: int = 256 * 1024
    header_bytes_a_message: int = 48 * 1024
    """AMQP sends a message's headers in one frame, 128 KiB at most by RabbitMQ's default."""


@dataclass(eq=False, slots=True)
class _Waiting:
    """One ingestion on its way, from its admission until its message is settled."""

    ingestion: Ingestion
    settled: "asyncio.Future[Exception | None]"
    size: int = field(init=False)
    header_size: int = field(init=False)

    def __post_init__(self) -> None:
        one = self.ingestion
        self.size = len(one.body)
        texts = (one.id, one.operation, one.tenant, one.principal, one.trace)
        self.header_size = _FACTS_BYTES + len("".join(texts).encode())

    @property
    def tenant(self) -> str:
        """Whose it is."""
        return self.ingestion.tenant

    def expire(self) -> None:
        """No promise came in time: its caller waits no longer."""
        if not self.settled.done():
            self.settled.set_result(_late())


def _late() -> QueueUnavailableError:
    return QueueUnavailableError("the queue did not confirm in time")


class IngestionPublisher:
    """Publishes ingestions and returns when the queue has promised to keep them.

    `async with` ends when nothing is under way any more.
    """

    def __init__(
        self,
        publisher: Publisher,
        *,
        metrics: GatewayMetrics,
        confirmed: Callable[[Ingestion], None],
        timeout: float = 10.0,
        limits: PublishLimits | None = None,
        tracer: Tracer = NO_TRACER,
    ) -> None:
        """`confirmed` is told of each ingestion that the queue has promised to keep, whether anybody
        still waits for it or not. `timeout`: the seconds that `publish` takes at most, waiting for its
        turn included.
        """
        self._publisher = publisher
        self._metrics = metrics
        self._confirmed = confirmed
        self._timeout = timeout
        self._limits = limits or PublishLimits()
        self._tracer = tracer
        self._queue = FairQueue[_Waiting]()
        self._messages: set[asyncio.Task[None]] = set()
        self._bytes = Shares(self._limits.bytes_in_flight)
        self._ingestions = Shares(self._limits.ingestions_in_flight)
        self._send_scheduled = False
        self._idle = asyncio.Event()
        self._idle.set()
        metrics.ingestions_in_flight.set_function(lambda: self._ingestions.taken)
        metrics.bytes_in_flight.set_function(lambda: self._bytes.taken)

    async def __aenter__(self) -> Self:
        """Nothing to open: the publisher is."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait for what is under way."""
        await self.drain()

    async def publish(self, ingestion: Ingestion) -> None:
        """Return once the queue has promised to keep `ingestion`.

        Raises OverloadedError where this process holds too much already, QueueFullError where the
        queue refused it, QueueUnavailableError where no promise came in time: it may then be kept
        or not. A caller that is cancelled leaves the message, which others share, under way. A text
        that is not Unicode raises UnicodeEncodeError here, before it can spoil a shared message.
        """
        waiting = self._admit(ingestion)
        # A timer costs half of what `asyncio.timeout` does, and every request needs one.
        due = asyncio.get_running_loop().call_later(self._timeout, waiting.expire)
        try:
            failure = await waiting.settled
        finally:
            due.cancel()
        if failure is not None:
            # Those who share the message must not share the traceback too.
            raise copy.copy(failure) from failure

    def is_ready(self) -> bool:
        """Whether a publish would be tried now."""
        return self._publisher.is_ready()

    async def drain(self) -> None:
        """Return once nothing is under way: within twice the timeout, if nothing more comes."""
        await self._idle.wait()

    def _admit(self, ingestion: Ingestion) -> _Waiting:
        waiting = _Waiting(ingestion, asyncio.get_running_loop().create_future())
        tenant = ingestion.tenant
        if not (self._ingestions.fits(tenant, 1) and self._bytes.fits(tenant, waiting.size)):
            raise OverloadedError("too many ingestions wait for the queue")
        self._ingestions.take(tenant, 1)
        self._bytes.take(tenant, waiting.size)
        self._account()
        self._queue.append(waiting)
        self._schedule_send()
        return waiting

    def _leave(self, waiting: _Waiting) -> None:
        self._ingestions.give(waiting.tenant, 1)
        self._bytes.give(waiting.tenant, waiting.size)
        self._account()

    def _account(self) -> None:
        if self._ingestions.taken:
            self._idle.clear()
        else:
            self._idle.set()

    def _schedule_send(self) -> None:
        # Not at once: requests that arrived in the same turn of the loop share a message. And outside of
        # any one request, whose names would be in the log lines about the others.
        if not self._send_scheduled:
            self._send_scheduled = True
            asyncio.get_running_loop().call_soon(self._send, context=Context())

    def _send(self) -> None:
        self._send_scheduled = False
        while self._queue and len(self._messages) < self._limits.messages_in_flight:
            if group := self._next_group():
                message = asyncio.get_running_loop().create_task(self._publish(group))
                self._messages.add(message)
                message.add_done_callback(self._finished)

    def _next_group(self) -> list[_Waiting]:
        """What queued, as much as one message takes; a large body goes alone."""
        group: list[_Waiting] = []
        size = header_size = 0
        while self._queue and len(group) < self._limits.ingestions_a_message:
            waiting = self._queue.first()
            size += waiting.size
            header_size += waiting.header_size
            full = size > self._limits.bytes_a_message or header_size > self._limits.header_bytes_a_message
            if group and full:
                break
            self._queue.popleft()
            if waiting.settled.done():  # its caller gave up
                self._leave(waiting)
                size -= waiting.size
                header_size -= waiting.header_size
            else:
                group.append(waiting)
        return group

    async def _publish(self, group: list[_Waiting]) -> None:
        failure: Exception | None = QueueUnavailableError("the publish was interrupted")
        self._metrics.group_size.observe(len(group))
        try:
            with self._span(group):
                async with asyncio.timeout(self._timeout):
                    await self._publisher.publish(pack([one.ingestion for one in group]), self._timeout)
            failure = None
        except TimeoutError:
            failure = _late()
        except Exception as error:
            failure = error
        finally:
            self._settle(group, failure)

    def _span(self, group: list[_Waiting]) -> AbstractContextManager[Span]:
        """Of a request's trace, where it has the message for itself; else of one linked to them all."""
        if not self._tracer.on:
            return NO_TRACER.span("")
        parent, links = common(one.ingestion.trace for one in group)
        attributes: Attributes = {
            "messaging.operation.type": "send",
            "messaging.batch.message_count": len(group),
        }
        return self._tracer.span(
            "publish ingestions", Kind.PRODUCER, parent=parent, links=links, attributes=attributes
        )

    def _settle(self, group: list[_Waiting], failure: Exception | None) -> None:
        for waiting in group:
            self._leave(waiting)
            if failure is None:
                self._confirmed(waiting.ingestion)
            if not waiting.settled.done():
                waiting.settled.set_result(failure)

    def _finished(self, message: asyncio.Task[None]) -> None:
        self._messages.discard(message)
        if self._queue:
            self._schedule_send()
