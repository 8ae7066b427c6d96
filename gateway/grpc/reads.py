"""The four reads that every entity has, in domain terms: get, batch get, list and stream."""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, replace

from domain.clock import Clock
from domain.find import FindCustomer
from domain.reading import Cursor, Order, Query, Reader
from domain.records import Entity, Stored
from gateway.grpc.call import current
from gateway.grpc.mapping import weight
from gateway.grpc.names import CUSTOMERS, Collection
from gateway.grpc.refusal import RefusedError, invalid
from gateway.paging import decode_cursor, encode_cursor

MAX_NAMES = 1_000
MAX_PAGE = 1_000
DEFAULT_PAGE = 50
STREAM_RECORDS = 500
STREAM_PAGE = 2 * STREAM_RECORDS
"""Records that a stream reads at once, as many as a list: a server that sorts anew for every page does it
half as often."""
STREAM_BYTES = 1 << 20
PAGE_BYTES = 2 << 20


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
        self, reader: Reader, find: FindCustomer, collection: Collection, clock: Clock, settle_lag: float
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

    async def get(self, name: str) -> Stored:
        """The record of a resource name. Raises RefusedError."""
        [stored_id] = await self._stored_ids([name])
        return await self.get_by_id(stored_id)

    async def get_by_id(self, stored_id: str) -> Stored:
        """The record of a stored id. Raises RefusedError (NOT_FOUND)."""
        found = await self._reader.get_many(self._entity, current().tenant, [stored_id])
        if stored_id not in found:
            raise self._collection.not_found()
        return found[stored_id]

    async def batch_get(self, names: Sequence[str], allow_missing: bool) -> list[Stored]:
        """The records of `names` in their order. Raises RefusedError."""
        if len(names) > MAX_NAMES:
            raise invalid(f"at most {MAX_NAMES} names in one call")
        tenant = current().tenant
        ids = await self._stored_ids(names)
        found = await self._reader.get_many(self._entity, tenant, set(ids)) if ids else {}
        if not allow_missing:
            for name, stored_id in zip(names, ids, strict=True):
                if stored_id not in found:
                    raise RefusedError.not_found(f"{name} not found")
        return [found[stored_id] for stored_id in ids if stored_id in found]

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
        page = next(batches(found[:limit], PAGE_BYTES), [])
        if len(page) == len(found):
            return page, ""
        return page, encode_cursor(query, Cursor.behind(page[-1], query.order))

    async def stream(self, changed_after: int | None, resume_token: str) -> AsyncIterator[Batch]:
        """Batches of what changed, each with its resume token, until caught up.

        Raises InvalidCursorError.
        """
        following = Query(self._entity, current().tenant, Order.CHANGED)
        after = decode_cursor(following, resume_token) if resume_token else None
        above = None if resume_token else changed_after
        full = True
        while full:
            query = replace(following, above=above, until=self._clock() - self._settle_lag)
            found = await self._reader.page(query, after=after, limit=STREAM_PAGE)
            full = len(found) == STREAM_PAGE
            for batch in batches(found, STREAM_BYTES, STREAM_RECORDS):
                after = Cursor(batch[-1].updated_at, batch[-1].id)
                yield batch, encode_cursor(following, after)

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


def batches(records: Sequence[Stored], most_bytes: int, most: int = MAX_PAGE) -> Iterator[list[Stored]]:
    """`records` in runs of about `most_bytes` as messages and of at most `most`, at least one record each."""
    run: list[Stored] = []
    size = 0
    for record in records:
        more = weight(record)
        if run and (size + more > most_bytes or len(run) == most):
            yield run
            run, size = [], 0
        run.append(record)
        size += more
    if run:
        yield run
