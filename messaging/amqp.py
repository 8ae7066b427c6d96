"""The durable queue on RabbitMQ 3.10 to 4.x (docs/adr, pitfalls of aio-pika)."""

import asyncio
import json
import random
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import aio_pika
import aiormq
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue
from aio_pika.exceptions import DeliveryError, PublishError

from domain.errors import QueueFullError, QueueMissingError, QueueUnavailableError
from messaging import limits
from messaging.amqp_link import (
    DRIVER_ERRORS,
    Link,
    close_connection,
    count_waiting,
    is_own_cancellation,
    open_connection,
)
from messaging.port import Message
from messaging.topology import Topology

_OPERATION = "portico-operation"
_MAX_ROUTING_KEY = 60
_MAX_PREFETCH = 2000
"""Deliveries lie in memory until they are taken; more of them speed nothing up."""


class AmqpQueue:
    """A bounded quorum queue. Publishers and consumers have a connection each."""

    def __init__(
        self,
        url: str,
        *,
        name: str = "portico.ingestions",
        max_messages: int,
        max_bytes: int,
        heartbeat: int = 5,
    ) -> None:
        """`url` is amqp:// or amqps://; `heartbeat` in seconds; `Topology` tells the names."""
        self._url = url
        self._heartbeat = heartbeat
        self._topology = Topology(name, max_messages, max_bytes)
        self._links: list[Link[Any]] = []
        self._unsettled: list[set[AmqpDelivery]] = []
        """What each consumer was handed, while it is open."""

    @asynccontextmanager
    async def publisher(self) -> AsyncIterator["AmqpPublisher"]:
        """A publisher; entered while the broker is away, it is not ready until it is back."""

        async def set_up(channel: AbstractChannel) -> aiormq.abc.AbstractChannel:
            await self._topology.declare(channel)
            return await channel.get_underlay_channel()

        async with self._kept(Link(self._url, self._topology.queue, self._heartbeat, set_up)) as link:
            yield AmqpPublisher(link, self._topology.exchange)

    @asynccontextmanager
    async def consumer(self, prefetch: int) -> AsyncIterator["AmqpConsumer"]:
        """A consumer; `prefetch` bounds the messages out and not settled, 2,000 at most."""

        async def declare(channel: AbstractChannel) -> AbstractQueue:
            _, queue = await self._topology.declare(channel)
            return queue

        with self._consuming(self._topology.queue, declare, prefetch) as (link, consumer):
            async with self._kept(link):
                yield consumer

    @asynccontextmanager
    async def dead_letters(self, prefetch: int) -> AsyncIterator["AmqpConsumer"]:
        """A consumer of the dead-letter queue; `prefetch` as for `consumer`."""
        with self._consuming(self._topology.dead, self._topology.declare_dead, prefetch) as (link, consumer):
            async with link:
                yield consumer

    @contextmanager
    def _consuming(
        self, name: str, declare: Callable[[AbstractChannel], Awaitable[AbstractQueue]], prefetch: int
    ) -> Iterator[tuple[Link[AbstractChannel], "AmqpConsumer"]]:
        """A consumer of the queue `name`, and the link that it is on, not entered yet."""
        inbox: deque[AmqpDelivery] = deque()
        unsettled: set[AmqpDelivery] = set()
        arrived = asyncio.Event()

        async def set_up(channel: AbstractChannel) -> AbstractChannel:
            async def receive(incoming: AbstractIncomingMessage) -> None:
                delivery = AmqpDelivery(incoming, self._heartbeat, unsettled, lambda: link.drop(channel))
                unsettled.add(delivery)
                inbox.append(delivery)
                arrived.set()

            queue = await declare(channel)
            await channel.set_qos(prefetch_count=min(prefetch, _MAX_PREFETCH))
            await queue.consume(receive)
            return channel

        def forget() -> None:
            # What a lost channel delivered comes again on the next one.
            inbox.clear()
            unsettled.clear()

        link = Link(self._url, name, self._heartbeat, set_up, forget, consumers=1)
        self._unsettled.append(unsettled)
        try:
            yield link, AmqpConsumer(link, inbox, arrived)
        finally:
            self._unsettled = [one for one in self._unsettled if one is not unsettled]

    async def depth(self) -> int:
        """How many messages wait to be delivered. Raises QueueUnavailableError."""
        try:
            async with asyncio.timeout(2 * self._heartbeat):
                ready = next((link for link in self._links if link.is_ready()), None)
                if ready is not None:
                    return await ready.depth()
                return await self._depth_on_own_connection()
        except DRIVER_ERRORS as error:
            raise QueueUnavailableError("the broker did not say how long the queue is") from error
        except asyncio.CancelledError as error:
            if is_own_cancellation():
                raise
            raise QueueUnavailableError("the broker is gone") from error

    def unsettled(self) -> int:
        """How many messages the consumers opened here were handed and did not settle."""
        return sum(map(len, self._unsettled))

    async def _depth_on_own_connection(self) -> int:
        connection = await open_connection(self._url, self._heartbeat)
        try:
            return await count_waiting(connection, self._topology.queue)
        finally:
            await close_connection(connection, self._heartbeat)

    @asynccontextmanager
    async def _kept(self, link: Link[Any]) -> AsyncIterator[Link[Any]]:
        async with link:
            self._links.append(link)
            try:
                yield link
            finally:
                self._links.remove(link)


class AmqpPublisher:
    """Publishes to `exchange` on a channel used for nothing else."""

    def __init__(self, link: Link[aiormq.abc.AbstractChannel], exchange: str) -> None:
        self._link = link
        self._exchange = exchange

    async def publish(self, message: Message, timeout: float) -> None:
        """See `Publisher.publish`. Raises MessageError where no queue could carry the message."""
        limits.check(message)
        channel = None
        try:
            # One deadline round everything: the driver's own does not cover getting the channel.
            async with asyncio.timeout(timeout):
                channel = await self._link.ready()
                if channel.is_closed:
                    raise ConnectionError("the channel is closed")
                # aio-pika's own exchange and message would take longer than all that they hand on to.
                confirm = await channel.basic_publish(
                    message.body,
                    exchange=self._exchange,
                    routing_key=_routing_key(message),
                    properties=_properties(message),
                    mandatory=True,
                )
        except PublishError as error:
            if channel is not None:
                self._link.drop(channel)  # somebody removed the queue; the new link declares it
            raise QueueMissingError("the exchange leads to no queue") from error
        except DeliveryError as error:
            raise QueueFullError("the queue is full") from error
        except DRIVER_ERRORS as error:
            raise QueueUnavailableError("no confirm came in time") from error
        except asyncio.CancelledError as error:
            if is_own_cancellation():
                raise
            raise QueueUnavailableError("the channel was closed before the confirm") from error
        if not isinstance(confirm, aiormq.spec.Basic.Ack):
            raise QueueUnavailableError("the broker's answer was no confirm")

    def is_ready(self) -> bool:
        """Whether the link is up and the broker has not blocked it."""
        return self._link.is_ready()


class AmqpDelivery:
    """One message from the broker."""

    def __init__(
        self,
        incoming: AbstractIncomingMessage,
        patience: float,
        unsettled: "set[AmqpDelivery]",
        give_up: Callable[[], None],
    ) -> None:
        """It leaves `unsettled` once it is settled; `give_up` is called where the channel takes no
        settlement within `patience` seconds."""
        self._incoming = incoming
        self._patience = patience
        self._unsettled = unsettled
        self._give_up = give_up
        self.message = Message(
            {name: _text(value) for name, value in incoming.headers.items()},
            incoming.body,
            incoming.message_id or "",
        )
        self.redelivered = bool(incoming.redelivered or incoming.headers.get("x-delivery-count"))

    async def ack(self) -> None:
        """The message is done with."""
        await self._settle(self._incoming.ack)

    async def release(self) -> None:
        """Give the message back to the queue."""
        await self._settle(self._incoming.nack)

    async def _settle(self, settle: Callable[[], Awaitable[None]]) -> None:
        try:
            async with asyncio.timeout(self._patience):
                await settle()
        except DRIVER_ERRORS:
            self._give_up()
        except asyncio.CancelledError:
            if is_own_cancellation():
                raise
            self._give_up()
        finally:
            self._unsettled.discard(self)


class AmqpConsumer:
    """Hands out what the broker has pushed, at most `prefetch` messages of it."""

    def __init__(
        self, link: Link[AbstractChannel], inbox: deque[AmqpDelivery], arrived: asyncio.Event
    ) -> None:
        self._link = link
        self._inbox = inbox
        self._arrived = arrived

    async def take(self, max_messages: int, max_bytes: int, timeout: float) -> Sequence[AmqpDelivery]:
        """See `Consumer.take`."""
        try:
            async with asyncio.timeout(timeout):
                while not self._inbox:
                    self._arrived.clear()
                    await self._arrived.wait()
        except TimeoutError:
            return []
        taken = [self._inbox.popleft()]
        room = max_bytes - len(taken[0].message.body)
        while self._inbox and len(taken) < max_messages:
            room -= len(self._inbox[0].message.body)
            if room < 0:
                break
            taken.append(self._inbox.popleft())
        return taken

    def is_ready(self) -> bool:
        """Whether the link is up."""
        return self._link.is_ready()


def _properties(message: Message) -> aiormq.spec.Basic.Properties:
    return aiormq.spec.Basic.Properties(
        content_type="application/octet-stream",
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        headers=dict(message.headers),
        # Fresh each time: the driver matches returns to publishes by it, and two in flight with
        # one id would take each other's answers. No secret, so the system is not asked for it.
        message_id=f"{random.getrandbits(128):032x}",
    )


def _routing_key(message: Message) -> str:
    return message.headers.get(_OPERATION, "")[:_MAX_ROUTING_KEY]


def _text(value: Any) -> str:
    """A header value of another producer as text; AMQP has a dozen types of them."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes | bytearray):
        return value.decode(errors="replace")
    if value is None:
        return ""
    return json.dumps(value, default=str)
