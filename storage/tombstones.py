"""Tombstones: digests of whoever was erased, asked for with every batch of records."""

import secrets
from collections.abc import Iterable, Mapping, Sequence

from domain.errors import ContentionError
from domain.privacy.tombstones import Tombstones
from storage.driver import Database, Document

ERASURES = "erasures"
"""One document a tenant, which counts, and one for each count, which holds digests."""

_ROUNDS = 20
_DIGESTS = 10_000
"""In one document."""


class TombstoneRepository:
    """Tombstones (domain.privacy.ports.TombstoneStore).

    A batch costs one read by id. What was read stays in memory: a document of digests never changes, and
    the count says whether there are more of them.
    """

    def __init__(self, database: Database) -> None:
        """Keeps them in `erasures` of `database`."""
        self._collection = database.collection(ERASURES)
        self._known: dict[str, tuple[int, Tombstones]] = {}

    async def of(self, tenants: Iterable[str]) -> Mapping[str, Tombstones]:
        """Those of each of `tenants` that has any."""
        books = {book["_id"]: book for book in await self._collection.find_ids(tenants)}
        return {tenant: await self._tombstones(tenant, book) for tenant, book in books.items()}

    async def salted(self, tenant: str) -> Tombstones:
        """The tenant's, empty where it has none yet, with the salt that it is to have."""
        await self._collection.insert_missing([{"_id": tenant, "count": 0, "salt": secrets.token_bytes(16)}])
        return (await self.of([tenant]))[tenant]

    async def put(self, tenant: str, digests: Sequence[bytes], until: int) -> None:
        """Set them: whatever begins to be applied after this returns knows of them."""
        await self.salted(tenant)
        for start in range(0, len(digests), _DIGESTS):
            part = list(digests[start : start + _DIGESTS])
            await self._put(tenant, {"until": until, "digests": part})

    async def _put(self, tenant: str, content: Document) -> None:
        """In the first free place, or in that which it has from before a crash."""
        [book] = await self._collection.find_ids([tenant], projection=["count"])
        for number in range(book["count"] + 1, book["count"] + 1 + _ROUNDS):
            id = _id(tenant, number)
            document = {"_id": id, **content}
            taken = await self._collection.insert_missing([document])
            [kept] = await self._collection.find_ids([id]) if taken else [document]
            await self._collection.update_many({"_id": tenant}, {"$max": {"count": number}})
            if kept == document:
                return
        raise ContentionError(f"tombstones lost {_ROUNDS} races")

    async def _tombstones(self, tenant: str, book: Document) -> Tombstones:
        count, tombstones = self._known.get(tenant) or (0, Tombstones(book["salt"]))
        if count < book["count"]:
            new = [_id(tenant, number) for number in range(count + 1, book["count"] + 1)]
            for document in await self._collection.find_ids(new):
                tombstones.add(document["digests"], document["until"])
        self._known[tenant] = (max(count, book["count"]), tombstones)
        return tombstones


def _id(tenant: str, number: int) -> str:
    # No tenant's name holds a slash.
    return f"{tenant}/{number}"
