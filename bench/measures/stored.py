"""Backlogs for ingestors, and when all of one is stored."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import aio_pika
from pymongo import AsyncMongoClient
from pymongo.asynchronous.collection import AsyncCollection

from bench.bodies import batches, customers, name_of
from bench.contestants import Peer
from bench.portico import Portico
from bench.world import World

BATCH = 500
_IDS_A_CALL = 50
_STORED_WITHIN = 120.0
_PAUSE = 0.02
TAIL = 500
"""The last records of a backlog, looked at one by one: more than any ingestor has in work at a time."""
_EPOCH = datetime(2026, 1, 1)

Collection = AsyncCollection[dict[str, Any]]


class PorticoBacklog:
    """Batches of 500 on Portico's queue."""

    def __init__(self, portico: Portico) -> None:
        self._portico = portico

    async def fill(self, first: int, count: int, version: int) -> Callable[[], Awaitable[None]]:
        """Put customers on the queue; awaits their receipts."""
        ids = await self._portico.put(batches(first, count, BATCH, version))
        outcome = "created" if version == 1 else "updated"
        return partial(portico_stored, self._portico, ids, outcome, count)


class PeerBacklog:
    """Messages of one record on a peer's queue."""

    def __init__(self, world: World, peer: Peer) -> None:
        self._world = world
        self._peer = peer

    async def fill(self, first: int, count: int, version: int) -> Callable[[], Awaitable[None]]:
        """Put customers on the queue; awaits the last of them in this version."""
        async with await aio_pika.connect(self._world.amqp_url) as connection:
            channel = await connection.channel()
            await channel.declare_queue(self._peer.queue, durable=True)
            texts = customers(first, count, version)
            messages = [
                aio_pika.Message(text.encode(), delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
                for text in texts
            ]
            publish = channel.default_exchange.publish
            await asyncio.gather(*(publish(message, self._peer.queue) for message in messages))
        return partial(peer_stored, self._world, self._peer.database, first, count, version)


async def portico_stored(portico: Portico, ids: Sequence[str], outcome: str, count: int) -> None:
    """Return when all ingestions have their receipts. Raises RuntimeError where not `count` records had
    this outcome."""
    async with collection(portico.world, portico.name, "receipts") as receipts:
        found = await present(receipts, ids)
    total = sum(one["counts"].get(outcome, 0) for one in found.values())
    if total != count:
        raise RuntimeError(f"{total} of {count} records were {outcome}")


async def peer_stored(
    world: World, database: str, first: int, count: int, version: int, tail: int = TAIL
) -> None:
    """Return when the last customers of a backlog are there in this version, `tail` of them."""
    at = _EPOCH + timedelta(seconds=version)
    async with collection(world, database, "customers") as stored:
        names = [name_of(number) for number in range(first + max(0, count - tail), first + count)]
        await present(stored, names, at)


async def forget(world: World, peers: Sequence[Peer]) -> None:
    """Drop what `peers` stored in earlier rows: their customers are the same in all, and shall be new."""
    client: AsyncMongoClient[dict[str, Any]]
    async with AsyncMongoClient(world.mongodb_url) as client:
        for peer in peers:
            await client.drop_database(peer.database)


@asynccontextmanager
async def collection(world: World, database: str, name: str) -> AsyncIterator[Collection]:
    """A collection of a contender's database."""
    client: AsyncMongoClient[dict[str, Any]]
    async with AsyncMongoClient(world.mongodb_url) as client:
        yield client[database][name]


async def present(
    stored: Collection, ids: Sequence[str], at: datetime | None = None
) -> Mapping[str, Mapping[str, Any]]:
    """The documents with these ids, once all are there, with the `updatedAt` `at` if one is given.

    Asks for the last one until it is there, so that waiting takes little of the store.
    """
    found: dict[str, Mapping[str, Any]] = {}

    def fits(document: Mapping[str, Any]) -> bool:
        return at is None or document.get("updatedAt") == at

    async with asyncio.timeout(_STORED_WITHIN):
        missing = list(ids)
        while missing:
            # From the last on: those before it are mostly there when it is.
            wanted = missing[-_IDS_A_CALL:] if ids[-1] in found else [ids[-1]]
            documents = await stored.find({"_id": {"$in": wanted}}).to_list()
            fitting = {document["_id"]: document for document in documents if fits(document)}
            found |= fitting
            missing = [one for one in missing if one not in fitting]
            if not fitting:
                await asyncio.sleep(_PAUSE)
    return found
