"""Stored records and identities: what surfaces read, always within one tenant."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

from domain.identity import IdentityKey
from domain.reading import FILTERS, Cursor, Order, Query
from domain.records import Entity, Stored, is_id
from storage.documents import COLLECTIONS, to_record
from storage.driver import Database, Document, is_storable_text
from storage.identities import IdentityRepository
from storage.pages import Listing, Pager
from storage.shared import SharedFinds

TIME_FIELDS = {
    Order.VERSION: "version_at",
    Order.CHANGED: "updated_at",
    Order.OCCURRED: "occurred_at",
}
"""The field of a record's document that each order goes by."""


_STEP = 0.01
"""What the seconds are a multiple of, after which a stored id is said to be unknown."""


_TICK = 0.001
"""Seconds that a timer of the event loop is exact to."""


async def _until_next_step(begun: float) -> None:
    waited = time.perf_counter() - begun
    end = begun + waited + _STEP - waited % _STEP
    await asyncio.sleep(end - time.perf_counter() - _TICK)
    while time.perf_counter() < end:  # noqa: ASYNC110 - a timer's own ticks would show what was waited before
        await asyncio.sleep(0)


class RecordReader:
    """Reads of stored records (domain.reading.Reader)."""

    def __init__(self, database: Database, identities: IdentityRepository) -> None:
        """Reads the collections that the repositories of the same `database` write."""
        self._collections = {entity: database.collection(name) for entity, name in COLLECTIONS.items()}
        self._pagers = {entity: Pager(collection) for entity, collection in self._collections.items()}
        self._shared = {entity: SharedFinds(collection) for entity, collection in self._collections.items()}
        self._identities = identities

    async def get_many(self, entity: Entity, tenant: str, ids: Iterable[str]) -> dict[str, Stored]:
        """The tenant's records among the stored ids `ids`, by id."""
        begun, wanted = time.perf_counter(), list(ids)
        documents = await self._find(entity, wanted)
        found = {
            document["_id"]: to_record(entity, document)
            for document in documents
            if document["tenant"] == tenant
        }
        if any(id not in found and is_id(entity, id) for id in wanted):
            # Another tenant's record is fetched before it is seen to be another's, and nobody's is not:
            # without this the difference of 40 µs can be measured, and invariant 8 says that nobody can tell.
            await _until_next_step(begun)
        return found

    async def _find(self, entity: Entity, ids: Sequence[str]) -> list[Document]:
        """The documents with these ids, of whatever tenant."""
        if len(ids) == 1:
            document = await self._shared[entity].find(ids[0])
            return [] if document is None else [document]
        return await self._collections[entity].find_ids(ids)

    async def page(self, query: Query, *, after: Cursor | None, limit: int, skip: int = 0) -> list[Stored]:
        """At most `limit` records of `query` in its order, after `after`, without the first `skip`."""
        pager = self._pagers[query.entity]
        documents = await pager.read(listings_of(query), after=after, limit=limit, skip=skip)
        return [to_record(query.entity, document) for document in documents]

    async def count(self, query: Query, limit: int) -> int:
        """How many records `query` has; counting stops at `limit`, at least 1."""
        collection = self._collections[query.entity]
        counts = [await collection.count(listing.filter, limit) for listing in listings_of(query)]
        return min(limit, sum(counts))

    async def keys_of(self, tenant: str, customer_id: str) -> list[str]:
        """Every encoded identity key, shared ones left out, that ever led to a customer."""
        return await self._identities.keys_of(tenant, customer_id)

    async def lookup(self, tenant: str, key: IdentityKey) -> str | None:
        """The id of the customer that `key` identifies. Raises AmbiguousKeyError."""
        return await self._identities.lookup(tenant, key)

    async def owners(self, tenant: str, keys: Iterable[str]) -> dict[str, str | None]:
        """The customer id of each of `keys` that there is; None for one that several share."""
        return await self._identities.holders(tenant, keys)


def listings_of(query: Query) -> list[Listing]:
    """What `query` lists: all of the tenant's records, or those of each customer reference.

    Raises ValueError for a column that the entity has no filter by.
    """
    within = {"tenant": query.tenant, **_equal(query)}
    if not all(map(is_storable_text, within.values())):
        return []
    whole = Listing(within, TIME_FIELDS[query.order], query.above, query.until, query.descending)
    if query.customer_refs is None:
        return [whole]
    return [
        replace(whole, within={**within, "fields.customer_ref": reference})
        for reference in sorted(filter(is_storable_text, query.customer_refs))
    ]


def _equal(query: Query) -> dict[str, str]:
    columns = dict(query.equal)
    if len(columns) < len(query.equal) or not columns.keys() <= FILTERS[query.entity]:
        raise ValueError(f"not filters of a list of {query.entity} records: {query.equal}")
    return {f"fields.{column}": value for column, value in columns.items()}
