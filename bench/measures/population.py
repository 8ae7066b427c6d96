"""Customers in Portico's database, many and fast: copies of some that Portico stored itself."""

import asyncio
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import bson
from bson.raw_bson import RawBSONDocument
from pymongo import AsyncMongoClient, InsertOne
from pymongo.asynchronous.collection import AsyncCollection

from bench.measures.stored import BATCH, PorticoBacklog, collection
from bench.portico import Portico

_BULK = 1_000
_AT_A_TIME = 4
_SETTLED = 1.5
"""Seconds after a write in which a stream still leaves it out."""


def uid(number: int) -> str:
    """The stored id of a copy."""
    return f"cus_{number:026d}"


async def populate(portico: Portico, count: int) -> None:
    """Store `count` customers: a batch through Portico's running ingestor, and copies of them.

    A copy has an id of its own and as many identities as its model, so that indexes grow as they do
    with customers who came one by one. A database that was populated before stays as it is.
    """
    async with collection(portico.world, portico.name, "customers") as customers:
        if await customers.find_one({"_id": uid(count - 1)}) is not None:
            return
    stored = await PorticoBacklog(portico).fill(0, BATCH, 1)
    await stored()
    async with collection(portico.world, portico.name, "customers") as customers:
        models = await customers.find().to_list()
    async with collection(portico.world, portico.name, "identities") as identities:
        keys = await identities.find().to_list()
    by_customer: dict[str, list[dict[str, Any]]] = {}
    for key in keys:
        by_customer.setdefault(key["customer_id"], []).append(key)
    await _insert(portico, "customers", _copies(models, count))
    await _insert(portico, "identities", _keys(models, by_customer, count))
    await asyncio.sleep(_SETTLED)


def _copies(models: Sequence[dict[str, Any]], count: int) -> Iterator[dict[str, Any]]:
    for number in range(count):
        yield {**models[number % len(models)], "_id": uid(number)}


def _keys(
    models: Sequence[dict[str, Any]], by_customer: dict[str, list[dict[str, Any]]], count: int
) -> Iterator[dict[str, Any]]:
    for number in range(count):
        for key in by_customer[models[number % len(models)]["_id"]]:
            name = f"{key['key']}.{number}"
            yield {**key, "_id": f"{key['tenant']}|{name}", "key": name, "customer_id": uid(number)}


async def _insert(portico: Portico, name: str, documents: Iterator[dict[str, Any]]) -> None:
    client: AsyncMongoClient[RawBSONDocument]
    async with AsyncMongoClient(portico.world.mongodb_url) as client:
        target: AsyncCollection[RawBSONDocument] = client[portico.name][name]

        async def insert() -> None:
            while bulk := [InsertOne(_raw(one)) for one in islice(documents, _BULK)]:
                await target.bulk_write(bulk, ordered=False)

        async with asyncio.TaskGroup() as writers:
            for _ in range(_AT_A_TIME):
                writers.create_task(insert())


def _raw(document: dict[str, Any]) -> RawBSONDocument:
    return RawBSONDocument(bson.encode(document))
