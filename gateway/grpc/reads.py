"""The four reads that every entity has, in domain terms: get, batch get, list and stream."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TypeVar

from domain.clock import Clock
from domain.find import FindCustomer
from domain.reading import Cursor, Order, Query, Whole, WholeReader
from domain.records import Entity, Stored
from gateway.grpc.call import current
from gateway.grpc.mapping import weight
from gateway.grpc.names import CUSTOMERS, Collection
from gateway.grpc.refusal import RefusedError, invalid
from gateway.grpc.rendering import RENDERING, Sent, joined, rendered
from gateway.paging import decode_cursor, encode_cursor

MAX_NAMES = 1_000
MAX_PAGE = 1_000
DEFAULT_PAGE = 50
STREAM_RECORDS = 500
STREAM_BYTES = 1 << 20
PAGE_BYTES = 2 << 20
_CAUGHT_UP = 1_000
"""Milliseconds of changes that a stream leaves to the next call."""


T = TypeVar("T")

Batch = tuple[list[Stored], str]
"""Records, and the token to go on with behind them."""


@dataclass(frozen=True, slots=True)
class ListArguments:
    """What a List request asks for."""

    page_size: int
    page_token: str
    customer: str = ""
    """Resource name of a customer; empty for all."""
    equal: tuple[tuple[str, str], ...] = ()
    """Columns and the values they must have (domain.reading.FILTERS)."""
    order: Order = Order.VERSION
    above: int | None = None
    """Only times in that order later than this, in milliseconds since the Unix epoch."""
    until: int | None = None
    """Only times in that order up to this, in milliseconds since the Unix epoch."""
    latest_first: bool = False


class Reads:
    """Reads of one entity's records, in the tenant of the current call."""

    def __init__(
        self, reader: WholeReader, find: FindCustomer, collection: Collection, clock: Clock, settle_lag: float
    ) -> None:
        """`find` knows what names a customer. Streams leave out what was written within the last
        `settle_lag` seconds.
        """
        self._reader = reader
        self._find = find
        self._collection = collection
        self._entity: Entity = collection.entity
        self._clock = clock
        self._settle_lag = round(settle_lag * 1_000)

    async def get(self, name: str) -> Sent:
        """The record of a resource name. Raises RefusedError."""
        [stored_id] = await self._stored_ids([name])
        return await self.get_by_id(stored_id)

    async def get_by_id(self, stored_id: str) -> Sent:
        """The record of a stored id. Raises RefusedError (NOT_FOUND)."""
        found = await self._whole([stored_id])
        if stored_id not in found:
            raise self._collection.not_found()
        return Sent(rendered(found[stored_id]), 1)

    async def batch_get(self, names: Sequence[str], allow_missing: bool) -> Sent:
        """The records of `names` in their order. Raises RefusedError."""
        if len(names) > MAX_NAMES:
            raise invalid(f"at most {MAX_NAMES} names in one call")
        ids = await self._stored_ids(names)
        found = await self._whole(set(ids)) if ids else {}
        if not allow_missing:
            for name, stored_id in zip(names, ids, strict=True):
                if stored_id not in found:
                    raise RefusedError.not_found(f"{name} not found")
        return joined(rendered(found[stored_id]) for stored_id in ids if stored_id in found)

    async def _whole(self, ids: Iterable[str]) -> dict[str, Whole]:
        return await self._reader.whole(self._entity, current().tenant, ids, RENDERING.revision)

    async def _stored_ids(self, names: Sequence[str]) -> list[str]:
        """The stored ids that resource names mean. Raises RefusedError."""
        tenant = current().tenant
        if self._collection.key_kind is None:
            return [self._collection.stored_id(tenant, name) for name in names]
        keys = [key.encode() if (key := self._collection.identity(name)) else "" for name in names]
        wanted = set(filter(None, keys))
        owners = await self._reader.owners(tenant, wanted) if wanted else {}
        return [
            owners.get(key) or self._collection.stored_id(tenant, name)
            for key, name in zip(keys, names, strict=True)
        ]

    async def page(self, arguments: ListArguments) -> Batch:
        """One page and the token of the next, empty on the last.

        Raises RefusedError and InvalidCursorError.
        """
        limit = page_limit(arguments.page_size)
        query = await self._query(arguments)
        after = decode_cursor(query, arguments.page_token) if arguments.page_token else None
        found = await self._reader.page(query, after=after, limit=limit + 1)
        page = next(batches(found[:limit], PAGE_BYTES, weight), [])
        if len(page) == len(found):
            return page, ""
        return page, encode_cursor(query, Cursor.behind(page[-1], query.order))

    async def stream(self, changed_after: int | None, resume_token: str) -> AsyncGenerator[Sent]:
        """Batches of what changed, each with its resume token, until caught up. To be closed.

        Raises InvalidCursorError.
        """
        following = Query(self._entity, current().tenant, Order.CHANGED)
        after = decode_cursor(following, resume_token) if resume_token else None
        above = None if resume_token else changed_after
        until = self._settled()
        while True:
            query = replace(following, above=above, until=until)
            changes = self._reader.changes(
                query, after=after, most=STREAM_RECORDS, revision=RENDERING.revision
            )
            async with aclosing(ahead(changes)) as lists:
                async for changed in lists:
                    made = [(place, rendered(whole)) for place, whole in changed]
                    for batch in batches(made, STREAM_BYTES, _length):
                        after = batch[-1][0]
                        yield joined((content for _, content in batch), encode_cursor(following, after))
            if self._settled() <= until + _CAUGHT_UP:
                return
            until = self._settled()

    def _settled(self) -> int:
        """Until when all writers have written what they date then or before."""
        return self._clock() - self._settle_lag

    async def _query(self, arguments: ListArguments) -> Query:
        refs = await self._customer_refs(arguments.customer) if arguments.customer else None
        return Query(
            self._entity,
            current().tenant,
            arguments.order,
            above=arguments.above,
            until=arguments.until,
            customer_refs=refs,
            equal=arguments.equal,
            descending=arguments.latest_first,
        )

    async def _customer_refs(self, name: str) -> frozenset[str]:
        tenant = current().tenant
        customer_id = CUSTOMERS.stored_id(tenant, name)
        found = await self._reader.get_many(Entity.CUSTOMER, tenant, [customer_id])
        if customer_id not in found:
            raise CUSTOMERS.not_found()
        return await self._find.references(found[customer_id])


def page_limit(page_size: int) -> int:
    """How many records a page holds at most. Raises RefusedError (INVALID_ARGUMENT)."""
    if page_size < 0:
        raise invalid("page_size must not be negative")
    return min(page_size or DEFAULT_PAGE, MAX_PAGE)


def batches(records: Sequence[T], most_bytes: int, size_of: Callable[[T], int]) -> Iterator[list[T]]:
    """`records` in runs of about `most_bytes`, at least one record each."""
    run: list[T] = []
    size = 0
    for record in records:
        more = size_of(record)
        if run and size + more > most_bytes:
            yield run
            run, size = [], 0
        run.append(record)
        size += more
    if run:
        yield run


def _length(made: tuple[Cursor, bytes]) -> int:
    return len(made[1])


async def ahead(source: AsyncGenerator[T]) -> AsyncGenerator[T]:
    """What `source` yields, each asked for while the one before is in use. Closes it."""
    async with aclosing(source):
        coming = asyncio.ensure_future(anext(source, None))
        try:
            while (found := await coming) is not None:
                coming = asyncio.ensure_future(anext(source, None))
                yield found
        finally:
            coming.cancel()
            await asyncio.wait([coming])
