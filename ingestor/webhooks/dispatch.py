"""From the queue to the deliveries that wait, and a worker for each endpoint."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

import structlog

from domain.deliveries import Delivery
from domain.endpoints import Endpoint
from domain.errors import MessageError, TransientError
from ingestor.webhooks.messages import delivery_of
from ingestor.webhooks.worker import Desk, Worker
from messaging.port import Consumer, Message
from storage.directory import EndpointDirectory

_log = structlog.get_logger(__name__)

MAX_MESSAGES = 64
_MAX_BYTES = 16 * 1024 * 1024
_LOOK_SECONDS = 1.0


class Dispatcher:
    """Takes deliveries from the queue, keeps them, and has each endpoint's made by a worker of its own.

    Kept before they are tried: a receiver that is slow or away holds up nothing but itself.
    """

    def __init__(self, desk: Desk, directory: EndpointDirectory, stopping: asyncio.Event) -> None:
        self._desk = desk
        self._directory = directory
        self._stopping = stopping
        self._workers: dict[str, tuple[Worker, asyncio.Task[None]]] = {}
        self._endpoints: dict[str, Endpoint] = {}

    async def take(self, consumer: Consumer) -> bool:
        """Keep what the queue holds, or wait for it a little; always True. Raises TransientError."""
        taken = await consumer.take(MAX_MESSAGES, _MAX_BYTES, timeout=0.5)
        try:
            kept = await self._keep([one.message for one in taken])
        except BaseException:
            for one in taken:
                await one.release()
            raise
        await asyncio.gather(*(one.ack() for one in taken))
        for endpoint_id in kept:
            if endpoint_id in self._workers:
                self._workers[endpoint_id][0].wake()
        return True

    async def _keep(self, messages: Sequence[Message]) -> set[str]:
        """Keep the deliveries, and return their endpoints."""
        deliveries: list[Delivery] = []
        for message in messages:
            try:
                deliveries.append(delivery_of(message, self._desk.clock))
            except MessageError as error:
                _log.error("webhook_message_dropped", error=str(error))
        if any(one.endpoint_id not in self._directory.all() for one in deliveries):
            await self._directory.refresh()
        wanted = [one for one in deliveries if one.endpoint_id in self._directory.all()]
        await self._desk.deliveries.put_many(wanted)
        return {one.endpoint_id for one in wanted}

    async def run(self) -> None:
        """Keep a worker for each endpoint until stopped; then let them finish what is being sent."""
        try:
            while not self._stopping.is_set():
                with suppress(TransientError):
                    await self._look()
                with suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_SECONDS):
                        await self._stopping.wait()
            for worker, _ in self._workers.values():
                worker.wake()
            if self._workers:
                await asyncio.wait([task for _, task in self._workers.values()])
        finally:
            for _, task in self._workers.values():
                task.cancel()

    async def _look(self) -> None:
        known = self._directory.all()
        self._endpoints.update(known)
        for endpoint in known.values():
            if not endpoint.disabled and endpoint.id not in self._workers:
                self._start(endpoint.id)
        for id in [id for id in self._workers if id not in known or known[id].disabled]:
            await self._end(id)
            if id not in known:
                await self._desk.deliveries.remove_all(id)
        oldest = await self._desk.deliveries.oldest()
        self._desk.metrics.lag.set(0 if oldest is None else max(0, self._desk.clock() - oldest) / 1000)

    def _start(self, id: str) -> None:
        worker = Worker(self._desk, partial(self._endpoints.__getitem__, id), self._stopping)
        self._workers[id] = worker, asyncio.create_task(worker.run())

    async def _end(self, id: str) -> None:
        _, task = self._workers.pop(id)
        task.cancel()
        await asyncio.wait([task])
