"""The driver's `bulk_write` of ready-made operations: the documents that Portico stores, and no more."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Self

import bson
from bson.raw_bson import RawBSONDocument
from pymongo import AsyncMongoClient, InsertOne, ReplaceOne
from pymongo.asynchronous.collection import AsyncCollection

from bench.measures.stored import collection
from bench.portico import Portico

_BULK = 1_000
_AT_A_TIME = 2
"""As many bulks as one ingestor of Portico has batches in work."""
_SAMPLES = 500

Raw = RawBSONDocument
Operation = InsertOne[Raw] | ReplaceOne[Raw]


class BulkWriting:
    """Writes documents like those of a Portico that has stored some."""

    def __init__(self, target: AsyncCollection[Raw], samples: Sequence[dict[str, Any]]) -> None:
        self._target = target
        self._samples = samples

    @property
    def pid(self) -> int:
        """The process that writes: this one."""
        return os.getpid()

    @classmethod
    @asynccontextmanager
    async def like(cls, portico: Portico) -> AsyncIterator[Self]:
        """A writer with samples of what `portico` stored, to a database of its own."""
        async with collection(portico.world, portico.name, "customers") as stored:
            samples = await stored.find().limit(_SAMPLES).to_list()
        client: AsyncMongoClient[Raw]
        async with AsyncMongoClient(portico.world.mongodb_url, document_class=RawBSONDocument) as client:
            target = client[f"{portico.name}_limit"]["customers"]
            # The indexes that Portico keeps of its customers.
            await target.create_index([("tenant", 1), ("updated_at", 1), ("_id", 1)])
            await target.create_index([("tenant", 1), ("version_at", 1), ("_id", 1)])
            yield cls(target, samples)

    async def fill(self, first: int, count: int, version: int) -> Callable[[], Awaitable[None]]:
        """Make the operations; awaits their writes."""
        operations = [self._operation(number, version) for number in range(first, first + count)]
        return partial(self._write, operations)

    def _operation(self, number: int, version: int) -> Operation:
        sample = self._samples[number % len(self._samples)]
        id = f"cus_{number:026d}"
        document = RawBSONDocument(bson.encode({**sample, "_id": id, "revision": version}))
        if version == 1:
            return InsertOne(document)
        return ReplaceOne({"_id": id}, document, upsert=True)

    async def _write(self, operations: Sequence[Operation]) -> None:
        free = asyncio.Semaphore(_AT_A_TIME)

        async def write(bulk: Sequence[Operation]) -> None:
            async with free:
                await self._target.bulk_write(bulk, ordered=False)

        async with asyncio.TaskGroup() as bulks:
            for start in range(0, len(operations), _BULK):
                bulks.create_task(write(operations[start : start + _BULK]))
