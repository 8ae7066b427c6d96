"""Moves what the broker itself gave up out of its dead-letter queue, to where operators find it.

What is moved twice, as after a crash between the write and the ack, is one dead letter: its id is derived,
and the receipt of the ingestion says that it has had its outcome.
"""

import asyncio
import contextlib
import time
from collections.abc import Sequence

import structlog
from prometheus_client import CollectorRegistry, Counter

from domain.errors import MessageError, TransientError
from ingestor.dead_letters import broker_gave_up, brokers_headers
from ingestor.identify import Unpacker
from ingestor.process import Processor
from messaging.envelope import Ingestion
from messaging.port import Consumer, Delivery, Message

_log = structlog.get_logger(__name__)

AT_ONCE = 16
"""Messages in hand."""
_MOST_BYTES = 8 * 1024 * 1024
_HELD_SECONDS = 600.0
"""How long they are held while the store is away; RabbitMQ closes channels at 1800."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
"""Seconds between two tries."""


class BrokerDeadLetters:
    """Moves messages until it is stopped. Several run side by side without knowing of each other."""

    def __init__(
        self,
        processor: Processor,
        unpacker: Unpacker,
        registry: CollectorRegistry,
    ) -> None:
        """Counts what it moved in `registry`."""
        self._processor = processor
        self._unpacker = unpacker
        self._moved = Counter(
            "portico_broker_dead_letters_moved",
            "Messages that the broker gave up and that are kept as dead letters now.",
            registry=registry,
        )
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Take nothing more; `run` returns when what is in hand is settled."""
        self._stopping.set()

    async def run(self, consumer: Consumer) -> None:
        """Move what `consumer` is given until `stop`."""
        while not self._stopping.is_set():
            deliveries = await consumer.take(AT_ONCE, _MOST_BYTES, timeout=0.5)
            if deliveries and not await self._move_all(deliveries):
                await self._pause(_LONGEST_PAUSE)

    async def keep(self, message: Message) -> None:
        """Return once all that `message` holds has its outcome. Raises TransientError."""
        try:
            ingestions = self._unpacker.unpack(message)
        except MessageError as error:
            await self._processor.keep_undecodable(message, str(error))
        else:
            await self._keep_decoded(message, ingestions)

    async def _keep_decoded(self, message: Message, ingestions: Sequence[Ingestion]) -> None:
        fault, headers = broker_gave_up(message), brokers_headers(message)
        for ingestion in ingestions:
            await self._processor.give_up(ingestion, (), fault, headers)

    async def _move_all(self, deliveries: Sequence[Delivery]) -> bool:
        """Whether all are moved; the others are given back."""
        unsettled = list(deliveries)
        try:
            for delivery in deliveries:
                if self._stopping.is_set():
                    break
                if await self._is_kept(delivery.message):
                    await delivery.ack()
                    unsettled.remove(delivery)
                    self._moved.inc()
        finally:
            for delivery in unsettled:
                await delivery.release()
        return not unsettled

    async def _is_kept(self, message: Message) -> bool:
        """Keep `message`, again and again while the store is away; False where it is to be given back."""
        until = time.monotonic() + _HELD_SECONDS
        pause = _FIRST_PAUSE
        while True:
            try:
                await self.keep(message)
                return True
            except TransientError as error:
                _log.warning("broker_dead_letters_wait", error=str(error), retry_in=pause)
            except Exception:  # a bug of ours, about this one: the others are not to wait for it
                _log.exception("broker_dead_letter_failed")
                return False
            if time.monotonic() > until or await self._pause(pause):
                return False
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _pause(self, seconds: float) -> bool:
        """Whether it was stopped meanwhile."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)
        return self._stopping.is_set()
