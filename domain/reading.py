"""What every surface asks of stored records when it reads; `storage/` answers."""

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol, Self

from domain.errors import PermanentError
from domain.identity import IdentityKey
from domain.records import Entity, Stored

FILTERS: Mapping[Entity, frozenset[str]] = {
    Entity.CUSTOMER: frozenset({"merchant_id"}),
    Entity.LEAD: frozenset({"external_keys"}),
    Entity.ORDER: frozenset({"merchant_id", "sales_channel"}),
    Entity.REVIEW: frozenset({"merchant_id", "order_id"}),
    Entity.EVENT: frozenset({"event_type_norm"}),
}
"""Columns that lists can be filtered by, each of them indexed. A list of texts has each of them."""


class AmbiguousKeyError(PermanentError):
    """Several customers have this key, so it names none of them."""


class Order(StrEnum):
    """The orders that records are listed in, each with the record id as tie-break."""

    VERSION = "version"
    """By the newest version's time: the sender's `updatedAt`, else accepted-at."""
    CHANGED = "changed"
    """By the time of the last write, our clock: what an incremental pull follows."""
    OCCURRED = "occurred"
    """By when the thing itself happened: an event's `occurredAt`, an order's `createdAt`, a review's
    date, a customer's or lead's `createdAt`; where the sender did not say, when it was first stored."""


class Cursor(NamedTuple):
    """A place in a list: after the record `id`, whose time in the list's order is `at` (ms)."""

    at: int
    id: str

    @classmethod
    def behind(cls, record: Stored, order: Order) -> Self:
        """The place right after `record`."""
        times = {
            Order.VERSION: record.version.at,
            Order.CHANGED: record.updated_at,
            Order.OCCURRED: record.occurred_at,
        }
        return cls(times[order], record.id)


@dataclass(frozen=True, slots=True)
class Query:
    """Which records of one tenant to list, and in which order. All times in ms since the epoch."""

    entity: Entity
    tenant: str
    order: Order = Order.VERSION
    above: int | None = None
    """Only records whose time in `order` is later than this."""
    until: int | None = None
    """Only records whose time in `order` is this or earlier."""
    customer_refs: frozenset[str] | None = None
    """Only records that name a customer by one of these references."""
    equal: tuple[tuple[str, str], ...] = ()
    """Only records whose columns have these values, each one of `FILTERS` of the entity."""
    descending: bool = False
    """Latest first."""


@dataclass(frozen=True, slots=True)
class Rendering:
    """How a surface sends records, so that they are kept as they are sent."""

    revision: bytes
    """Another one wherever `render` may make other bytes of the same record; all are of one length."""
    render: Callable[[Stored], bytes]


Whole = bytes | Stored
"""All of a record: as it is sent, or, where it is not kept so in the revision asked for, itself."""


class Changed(NamedTuple):
    """A record among those that changed."""

    place: Cursor
    whole: Whole


class Reader(Protocol):
    """Reads of stored records, always within one tenant. May raise StoreUnavailableError."""

    async def get_many(self, entity: Entity, tenant: str, ids: Iterable[str]) -> dict[str, Stored]:
        """The tenant's records among the stored ids `ids`, by id."""

    async def page(self, query: Query, *, after: Cursor | None, limit: int, skip: int = 0) -> list[Stored]:
        """At most `limit` records of `query` in its order, after `after`, without the first `skip`."""

    async def count(self, query: Query, limit: int) -> int:
        """How many records `query` has; counting stops at `limit`."""

    async def lookup(self, tenant: str, key: IdentityKey) -> str | None:
        """The id of the customer that `key` identifies. Raises AmbiguousKeyError."""

    async def owners(self, tenant: str, keys: Iterable[str]) -> dict[str, str | None]:
        """The customer id of each of `keys` (`IdentityKey.encode()`) that there is; None for one
        that several customers share."""

    async def keys_of(self, tenant: str, customer_id: str) -> list[str]:
        """Every encoded identity key, shared ones left out, that ever led to a customer."""


class WholeReader(Reader, Protocol):
    """Besides, reads of all of a record, as it is sent where it is kept so."""

    async def whole(
        self, entity: Entity, tenant: str, ids: Iterable[str], revision: bytes
    ) -> dict[str, Whole]:
        """The tenant's records among the stored ids `ids`, by id, as the rendering `revision` has them."""

    def changes(
        self, query: Query, *, after: Cursor | None, most: int, revision: bytes
    ) -> AsyncGenerator[list[Changed]]:
        """All records of `query` after `after`, in lists of at most `most`, as the rendering `revision` has
        them. To be closed.
        """
