"""Dedupe candidates, for the operator who decides whether two customers are one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from domain.dead_letters.trail import Trail
from domain.reading import Cursor, Reader
from domain.receipts import DedupeCandidate
from domain.records import Entity, Stored


class CandidateReader(Protocol):
    """Reads of dedupe candidates, always within one tenant. May raise StoreUnavailableError."""

    async def get(self, tenant: str, id: str) -> DedupeCandidate | None:
        """The tenant's candidate `id`."""

    async def page(
        self, tenant: str, customer_id: str | None, *, after: Cursor | None, limit: int
    ) -> list[DedupeCandidate]:
        """At most `limit` candidates after `after`, by seen time and id; of one customer where told."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A dedupe candidate and both its customers."""

    candidate: DedupeCandidate
    customers: tuple[Stored | None, Stored | None]
    """None for one that is not stored any more."""


class Duplicates:
    """What one operator sees of dedupe candidates."""

    def __init__(
        self, candidates: CandidateReader, reader: Reader, trail: Trail, tenant: str | None = None
    ) -> None:
        """`trail` is the operator's; with `tenant` there are no candidates of others."""
        self._candidates = candidates
        self._reader = reader
        self._trail = trail
        self._tenant = tenant

    async def page(
        self, tenant: str, customer_id: str | None = None, *, after: Cursor | None, limit: int
    ) -> list[Pair]:
        """At most `limit` pairs of `tenant` after `after`, by seen time and id.

        Of one customer where told.
        """
        if self._tenant not in (None, tenant):
            return []
        found = await self._candidates.page(tenant, customer_id, after=after, limit=limit)
        return await self._pairs(tenant, found)

    async def reveal(self, tenant: str, id: str) -> Pair | None:
        """The pair `id`, to be shown with its personal data: that is audited. None where there is none."""
        found = await self._candidates.get(tenant, id) if self._tenant in (None, tenant) else None
        if found is None:
            return None
        await self._trail.note_other("reveal dedupe candidate", tenant, {"candidate": id})
        [pair] = await self._pairs(tenant, [found])
        return pair

    async def _pairs(self, tenant: str, candidates: Sequence[DedupeCandidate]) -> list[Pair]:
        ids = {id for one in candidates for id in (one.customer_id, one.other_id)}
        customers = await self._reader.get_many(Entity.CUSTOMER, tenant, ids) if ids else {}
        get = customers.get
        return [Pair(one, (get(one.customer_id), get(one.other_id))) for one in candidates]
