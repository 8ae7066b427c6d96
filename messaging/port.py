"""The durable queue's port. `amqp.py` and `sqlite.py` implement it and pass one contract suite."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Message:
    """What the queue carries: text headers and opaque bytes."""

    headers: Mapping[str, str]
    body: bytes
    id: str = ""
    """Set by the producer where the broker needs one; empty where it is not known."""


class Publisher(Protocol):
    """The producing side. Open with `async with`."""

    async def publish(self, message: Message, timeout: float) -> None:
        """Return once the queue has promised to keep `message`, within `timeout` seconds.

        Raises QueueFullError where the queue refused it, QueueUnavailableError where no promise
        came in time: the message may then be kept or not.
        """

    def is_ready(self) -> bool:
        """Whether a publish would be tried now."""


class Delivery(Protocol):
    """One message handed to this consumer, to be settled exactly once.

    Settling a delivery that the queue has taken back (its channel or lease is gone) does nothing:
    the message comes again.
    """

    @property
    def message(self) -> Message:
        """The message."""

    @property
    def redelivered(self) -> bool:
        """Whether it was handed out before, here or elsewhere, and not settled."""

    async def ack(self) -> None:
        """The message is done with; the queue forgets it."""

    async def release(self) -> None:
        """Give the message back, to be delivered again as `redelivered`."""


class Consumer(Protocol):
    """The consuming side. Open with `async with`; leaving it releases what was not settled."""

    async def take(self, max_messages: int, max_bytes: int, timeout: float) -> Sequence[Delivery]:
        """What is there, oldest first, at least one message; empty after `timeout` seconds.

        Stops at `max_messages`, and before the message that would pass `max_bytes` of bodies
        unless it is the first. Messages out and not settled are bounded by the consumer's
        prefetch. Survives the loss of the broker: it reconnects and goes on.
        """

    def is_ready(self) -> bool:
        """Whether the queue answers now."""


class Queue(Protocol):
    """One queue, opened for publishing and for consuming separately."""

    def publisher(self) -> AbstractAsyncContextManager[Publisher]:
        """A publisher, connected on entry."""

    def consumer(self, prefetch: int) -> AbstractAsyncContextManager[Consumer]:
        """A consumer that holds at most `prefetch` messages unsettled."""

    def dead_letters(self, prefetch: int) -> AbstractAsyncContextManager[Consumer | None]:
        """A consumer of the messages that the broker itself gave up, which holds at most `prefetch` of
        them unsettled; None where the queue has no such place."""

    async def depth(self) -> int:
        """How many messages wait to be delivered. Raises QueueUnavailableError."""

    def unsettled(self) -> int:
        """How many messages the consumers opened here were handed, taken yet or not, and did not settle."""
