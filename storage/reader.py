"""Stored records and identities: what surfaces read, always within one tenant."""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace

from domain.identity import IdentityKey
from domain.reading import FILTERS, Changed, Cursor, Order, Query, Whole
from domain.records import Entity, Stored, is_id
from storage.documents import COLLECTIONS, RENDERED, rendered_of, to_record
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


_WHOLE: tuple[str, ...] = ("tenant", RENDERED)
"""The fields that are read of a record that is kept as it is sent."""


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
    """Reads of stored records (domain.reading.WholeReader)."""

    def __init__(self, database: Database, identities: IdentityRepository) -> None:
        """Reads the collections that the repositories of the same `database` write."""
        self._collections = {entity: database.collection(name) for entity, name in COLLECTIONS.items()}
        self._pagers = {entity: Pager(collection) for entity, collection in self._collections.items()}
        self._shared = {
            (entity, projection): SharedFinds(collection, projection)
            for entity, collection in self._collections.items()
            for projection in (None, _WHOLE)
        }
        self._identities = identities

    async def get_many(self, entity: Entity, tenant: str, ids: Iterable[str]) -> dict[str, Stored]:
        """The tenant's records among the stored ids `ids`, by id."""
        documents = await self._find(entity, tenant, list(ids), None)
        return {id: to_record(entity, document) for id, document in documents.items()}

    async def whole(
        self, entity: Entity, tenant: str, ids: Iterable[str], revision: bytes
    ) -> dict[str, Whole]:
        """The tenant's records among the stored ids `ids`, by id, as a rendering `revision` has them."""
        documents = await self._find(entity, tenant, list(ids), _WHOLE)
        return await self._whole(entity, tenant, documents, revision)

    async def _whole(
        self, entity: Entity, tenant: str, documents: Mapping[str, Document], revision: bytes
    ) -> dict[str, Whole]:
        rendered = {id: rendered_of(document, revision) for id, document in documents.items()}
        missing = [id for id, content in rendered.items() if content is None]
        found: dict[str, Whole] = {id: content for id, content in rendered.items() if content is not None}
        if missing:
            found.update(await self.get_many(entity, tenant, missing))
        return found

    async def _find(
        self, entity: Entity, tenant: str, wanted: Sequence[str], projection: tuple[str, ...] | None
    ) -> dict[str, Document]:
        """The tenant's documents among the stored ids `wanted`, by id."""
        begun = time.perf_counter()
        if len(wanted) == 1:
            document = await self._shared[entity, projection].find(wanted[0])
            documents = [] if document is None else [document]
        else:
            documents = await self._collections[entity].find_ids(wanted, projection=projection)
        found = {document["_id"]: document for document in documents if document["tenant"] == tenant}
        if any(id not in found and is_id(entity, id) for id in wanted):
            # Another tenant's record is fetched before it is seen to be another's, and nobody's is not:
            # without this the difference of 40 µs can be measured, and invariant 8 says that nobody can tell.
            await _until_next_step(begun)
        return found

    async def page(self, query: Query, *, after: Cursor | None, limit: int, skip: int = 0) -> list[Stored]:
        """At most `limit` records of `query` in its order, after `after`, without the first `skip`."""
        pager = self._pagers[query.entity]
        documents = await pager.read(listings_of(query), after=after, limit=limit, skip=skip)
        return [to_record(query.entity, document) for document in documents]

    async def changes(
        self, query: Query, *, after: Cursor | None, most: int, revision: bytes
    ) -> AsyncGenerator[list[Changed]]:
        """All records of `query`, one without references, after `after`, in lists of at most `most`, as the
        rendering `revision` has them. To be closed."""
        for listing in listings_of(query):
            fields = (RENDERED, listing.time)
            pages = self._pagers[query.entity].follow(listing, after=after, most=most, projection=fields)
            async with aclosing(pages):
                async for page in pages:
                    documents = {document["_id"]: document for document in page}
                    whole = await self._whole(query.entity, query.tenant, documents, revision)
                    yield [
                        Changed(Cursor(document[listing.time], id), whole[id])
                        for id, document in documents.items()
                        if id in whole
                    ]

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
