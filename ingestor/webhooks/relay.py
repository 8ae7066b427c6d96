"""From the outboxes to the queue. A crash at any point repeats a message; the fact's id stays."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence

import structlog

from domain.errors import PermanentError
from domain.facts import Fact
from domain.find import FindCustomer
from ingestor.webhooks.customers import FactCustomers
from ingestor.webhooks.messages import message_of
from ingestor.webhooks.metrics import WebhookMetrics
from messaging.port import Message, Publisher
from storage.directory import EndpointDirectory
from storage.outbox import OutboxRepository, Pending

_log = structlog.get_logger(__name__)

_DOCUMENTS = 200
"""Documents of each collection in a round."""
_IN_FLIGHT = 64
_CONFIRM = 10.0
"""Seconds that the queue has to promise that it keeps a message."""


class Relay:
    """Moves facts from where they were written to where they are delivered from."""

    def __init__(
        self,
        outbox: OutboxRepository,
        directory: EndpointDirectory,
        find: FindCustomer,
        publisher: Publisher,
        metrics: WebhookMetrics,
    ) -> None:
        self._outbox = outbox
        self._directory = directory
        self._find = find
        self._publisher = publisher
        self._metrics = metrics

    async def round(self) -> bool:
        """Relay what is there, oldest first; whether there was anything. Raises TransientError."""
        pending = await self._outbox.pending(_DOCUMENTS)
        if not pending:
            return False
        # Another process may know of a new endpoint first, and have written facts for it.
        await self._directory.refresh()
        messages = [message async for message in self._messages(pending)]
        for start in range(0, len(messages), _IN_FLIGHT):
            await asyncio.gather(*map(self._publish, messages[start : start + _IN_FLIGHT]))
        self._metrics.relayed.inc(len(messages))
        await self._outbox.take_out(pending)
        return True

    async def _messages(self, pending: Sequence[Pending]) -> AsyncIterator[Message]:
        customers = FactCustomers(self._find)
        for fact in sorted(_facts(pending), key=lambda fact: fact.position):
            for endpoint in self._directory.matching(fact):
                yield message_of(fact, endpoint, await customers.id_of(fact))

    async def _publish(self, message: Message) -> None:
        try:
            await self._publisher.publish(message, _CONFIRM)
        except PermanentError:
            # No queue can carry it, ever; it must not stop all that come after it.
            _log.exception("fact_not_relayed", fact=message.headers["portico-fact"])


def _facts(pending: Sequence[Pending]) -> Iterator[Fact]:
    for one in pending:
        yield from one.facts
