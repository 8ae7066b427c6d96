"""Customers in Portico's database, many and fast: some that Portico stored itself, and copies of one."""

import asyncio
import time

from bson.raw_bson import RawBSONDocument
from pymongo import AsyncMongoClient
from pymongo.asynchronous.collection import AsyncCollection

from bench.measures.copying import FIRST, Model
from bench.measures.stored import BATCH, PorticoBacklog, collection
from bench.portico import Portico

_BULK = 1_000
_AT_A_TIME = 4
_NOTES = "bench_population"
"""A collection that says how many are there."""
_SETTLED = 1.5
"""Seconds after a write in which a stream still leaves it out."""

Raw = AsyncCollection[RawBSONDocument]


async def populate(portico: Portico, count: int, within: float = float("inf")) -> int:
    """Store `count` customers, or as many as can be stored `within` so many seconds; how many they are.

    A batch goes through Portico's running ingestor, and what it stored of one customer is the model of
    the others, their identities with them, each as if the sender had sent it. A database that was
    populated before stays as it is.
    """
    async with collection(portico.world, portico.name, _NOTES) as notes:
        if (note := await notes.find_one()) is not None:
            return int(note["count"])
        stored = await PorticoBacklog(portico).fill(FIRST, BATCH, 1)
        await stored()
        filled = await _fill(portico, await Model.of(portico), count, time.monotonic() + within)
        await notes.insert_one({"count": filled})
    await asyncio.sleep(_SETTLED)
    return filled


async def _fill(portico: Portico, model: Model, count: int, until: float) -> int:
    """Store copies up to the customer `count`, or until then; how many customers there are."""
    firsts = iter(range(BATCH, count, _BULK))
    filled = BATCH
    client: AsyncMongoClient[RawBSONDocument]
    async with AsyncMongoClient(portico.world.mongodb_url) as client:
        customers: Raw = client[portico.name]["customers"]
        identities: Raw = client[portico.name]["identities"]

        async def fill() -> None:
            nonlocal filled
            for first in firsts:
                last = min(first + _BULK, count)
                await _store(customers, identities, model, range(first, last))
                filled = max(filled, last)
                if time.monotonic() > until:
                    break

        async with asyncio.TaskGroup() as writers:
            for _ in range(_AT_A_TIME):
                writers.create_task(fill())
    return filled


async def _store(customers: Raw, identities: Raw, model: Model, numbers: range) -> None:
    copies = [model.copy(number) for number in numbers]
    await customers.insert_many([RawBSONDocument(customer) for customer, _ in copies], ordered=False)
    keys = [RawBSONDocument(key) for _, keys in copies for key in keys]
    await identities.insert_many(keys, ordered=False)
