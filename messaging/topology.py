"""What Portico declares at the broker, the same at every connect."""

from dataclasses import dataclass

from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel, AbstractExchange, AbstractQueue
from pamqp.common import FieldTable

_NEVER = 1_000_000_000
"""A delivery limit that is never reached. RabbitMQ 4 has 20 by default and 3.10 does not know the
-1 that means none; attempts are counted by the ingestor, message by message."""


@dataclass(frozen=True, slots=True)
class Topology:
    """One bounded quorum queue, the exchange that feeds it, and the dead-letter queue behind it.

    Of the queue `portico.ingestions` the exchange is `portico.ingest` and both dead-letter
    exchange and queue are `portico.dead`: all that is before the name's last dot is kept.
    """

    queue: str
    max_messages: int
    max_bytes: int
    """Of bodies, waiting in the queue."""

    @property
    def exchange(self) -> str:
        """The topic exchange; whatever its routing key, a message reaches the queue."""
        return f"{self._prefix}.ingest"

    @property
    def dead(self) -> str:
        """The dead-letter exchange and its queue: for what another consumer rejected, or a policy of the
        broker gave up."""
        return f"{self._prefix}.dead"

    async def declare(self, channel: AbstractChannel) -> tuple[AbstractExchange, AbstractQueue]:
        """Declare everything, and return the exchange to publish to and the queue to consume."""
        await self.declare_dead(channel)
        exchange = await channel.declare_exchange(self.exchange, ExchangeType.TOPIC, durable=True)
        queue = await self._declare_queue(channel, self.queue, self._bounds())
        await queue.bind(exchange, routing_key="#")
        return exchange, queue

    async def declare_dead(self, channel: AbstractChannel) -> AbstractQueue:
        """Declare what is for dead letters alone, and return their queue."""
        exchange = await channel.declare_exchange(self.dead, ExchangeType.FANOUT, durable=True)
        queue = await self._declare_queue(channel, self.dead, {})
        await queue.bind(exchange)
        return queue

    @property
    def _prefix(self) -> str:
        return self.queue.rpartition(".")[0] or self.queue

    def _bounds(self) -> FieldTable:
        return {
            "x-overflow": "reject-publish",
            "x-max-length": self.max_messages,
            "x-max-length-bytes": self.max_bytes,
            "x-dead-letter-exchange": self.dead,
            # At least once needs reject-publish; the default loses dead letters on the way.
            "x-dead-letter-strategy": "at-least-once",
        }

    @staticmethod
    async def _declare_queue(channel: AbstractChannel, name: str, more: FieldTable) -> AbstractQueue:
        arguments: FieldTable = {"x-queue-type": "quorum", "x-delivery-limit": _NEVER, **more}
        return await channel.declare_queue(name, durable=True, arguments=arguments)
