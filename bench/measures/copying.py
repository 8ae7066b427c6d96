"""Customers as Portico stores them, in BSON: one that it stored itself, under other numbers."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Self

import bson
import orjson

from bench.bodies import name_of
from bench.measures.stored import collection
from bench.portico import TENANT, Portico
from domain.identity import IdentityKey, KeyKind
from domain.records import Entity, derived_id

FIRST = 1_000_000
"""The number of the first: all numbers have seven digits, so that copies are as long as their model."""


def uid(number: int) -> str:
    """The stored id of a customer whom a population has, counted from 0."""
    anchor = IdentityKey(KeyKind.LOGICAL, name_of(FIRST + number)).encode()
    return derived_id(Entity.CUSTOMER, TENANT, anchor)


class Model:
    """A stored customer to make others of, byte for byte what Portico's encoder makes of them.

    To encode each would take longer than the store does to keep it.
    """

    def __init__(self, customer: Mapping[str, Any], identities: Sequence[Mapping[str, Any]]) -> None:
        """The documents of the customer `FIRST`."""
        [source] = customer["sources"].values()
        self._content = orjson.dumps(orjson.loads(source["document"]), option=orjson.OPT_SORT_KEYS)
        self._digest = source["digest"].encode()
        self._customer = bson.encode(customer)
        self._identities = [bson.encode(one) for one in identities]
        self._id = customer["_id"].encode()

    @classmethod
    async def of(cls, portico: Portico) -> Self:
        """What `portico` stored of the first customer."""
        async with collection(portico.world, portico.name, "customers") as customers:
            customer = await customers.find_one({"_id": uid(0)})
        if customer is None:
            raise RuntimeError(f"the first customer is not stored as {uid(0)}")
        async with collection(portico.world, portico.name, "identities") as identities:
            keys = await identities.find({"customer_id": uid(0)}).to_list()
        return cls(customer, keys)

    def copy(self, number: int) -> tuple[bytes, list[bytes]]:
        """The document of the customer counted `number` from 0, and those of the identities."""
        old, new, id = b"%d" % FIRST, b"%d" % (FIRST + number), uid(number).encode()
        digest = hashlib.sha256(self._content.replace(old, new)).hexdigest().encode()
        customer = self._customer.replace(old, new).replace(self._id, id).replace(self._digest, digest)
        return customer, [one.replace(old, new).replace(self._id, id) for one in self._identities]
