"""The driver's `bulk_write` of ready-made operations: the documents that Portico stores, and no more."""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Self

import bson
from bson.raw_bson import RawBSONDocument
from pymongo import AsyncMongoClient, InsertOne, ReplaceOne
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase

from bench.bodies import SEED, name_of
from bench.portico import Portico

_BULK = 1_000
"""Customers of a bulk, or customers whose identities are one."""
_AT_A_TIME = 2
"""As many bulks as one ingestor of Portico has batches in work."""
_SAMPLES = 500
_NAME = re.compile(rf"{SEED}-\d+")
"""The sender's id of a customer, in the keys that lead to it."""

Document = dict[str, Any]
Raw = RawBSONDocument
Operation = InsertOne[Raw] | ReplaceOne[Raw]
Bulk = tuple[AsyncCollection[Raw], Sequence[Operation]]


class BulkWriting:
    """Writes documents like those of a Portico that has stored some."""

    def __init__(
        self, target: AsyncDatabase[Raw], samples: Sequence[Document], keys: Sequence[Document] = ()
    ) -> None:
        """`samples` are customers; `keys` are the identities of one, where every customer has such."""
        self._customers = target["customers"]
        self._identities = target["identities"]
        self._samples = samples
        self._keys = keys

    @property
    def pid(self) -> int:
        """The process that writes: this one."""
        return os.getpid()

    @classmethod
    @asynccontextmanager
    async def like(cls, portico: Portico) -> AsyncIterator[Self]:
        """A writer with samples of what `portico` stored, to a database of its own."""
        async with _databases(portico, "limit") as (stored, target):
            samples = await stored["customers"].find().limit(_SAMPLES).to_list()
            # Of Portico's indexes those that every customer is listed by, and no more.
            await target["customers"].create_index([("tenant", 1), ("updated_at", 1), ("_id", 1)])
            await target["customers"].create_index([("tenant", 1), ("version_at", 1), ("_id", 1)])
            yield cls(target, samples)

    @classmethod
    @asynccontextmanager
    async def with_identities_like(cls, portico: Portico) -> AsyncIterator[Self]:
        """The same, with the identities of each customer and all indexes that `portico` keeps of both."""
        async with _databases(portico, "limit_with_identities") as (stored, target):
            samples = await stored["customers"].find().limit(_SAMPLES).to_list()
            keys = await stored["identities"].find({"customer_id": samples[0]["_id"]}).to_list()
            if not keys:
                raise RuntimeError("a stored customer has no identities")
            for name in ("customers", "identities"):
                await _index_alike(stored[name], target[name])
            yield cls(target, samples, keys)

    async def fill(self, first: int, count: int, version: int) -> Callable[[], Awaitable[None]]:
        """Make the operations; awaits their writes."""
        bulks: list[Bulk] = []
        for start in range(first, first + count, _BULK):
            numbers = range(start, min(start + _BULK, first + count))
            bulks.append((self._customers, [self._customer(number, version) for number in numbers]))
            if self._keys:
                identities = [_identity(key, number) for number in numbers for key in self._keys]
                bulks.append((self._identities, identities))
        return partial(_write, bulks)

    def _customer(self, number: int, version: int) -> Operation:
        sample = self._samples[number % len(self._samples)]
        id = _id_of(number)
        document = RawBSONDocument(bson.encode({**sample, "_id": id, "revision": version}))
        if version == 1:
            return InsertOne(document)
        return ReplaceOne({"_id": id}, document, upsert=True)


@asynccontextmanager
async def _databases(
    portico: Portico, name: str
) -> AsyncIterator[tuple[AsyncDatabase[Document], AsyncDatabase[Raw]]]:
    """That of `portico`, and one that is called like it, to write to."""
    stored: AsyncMongoClient[Document]
    target: AsyncMongoClient[Raw]
    url = portico.world.mongodb_url
    async with AsyncMongoClient(url) as stored, AsyncMongoClient(url, document_class=Raw) as target:
        yield stored[portico.name], target[f"{portico.name}_{name}"]


async def _index_alike(stored: AsyncCollection[Document], target: AsyncCollection[Raw]) -> None:
    for name, index in (await stored.index_information()).items():
        if name != "_id_":
            await target.create_index(index["key"], name=name, sparse=index.get("sparse", False))


def _id_of(number: int) -> str:
    return f"cus_{number:026d}"


def _identity(key: Document, number: int) -> Operation:
    texts = {name: _NAME.sub(name_of(number), text) for name, text in key.items() if isinstance(text, str)}
    return InsertOne(RawBSONDocument(bson.encode({**key, **texts, "customer_id": _id_of(number)})))


async def _write(bulks: Sequence[Bulk]) -> None:
    free = asyncio.Semaphore(_AT_A_TIME)

    async def write(target: AsyncCollection[Raw], operations: Sequence[Operation]) -> None:
        async with free:
            await target.bulk_write(operations, ordered=False)

    async with asyncio.TaskGroup() as writes:
        for bulk in bulks:
            writes.create_task(write(*bulk))
