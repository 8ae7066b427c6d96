"""Dedupe candidates: pairs of customers that one identity key points to."""

from collections.abc import Sequence

from domain.reading import Cursor
from domain.receipts import DedupeCandidate
from storage.driver import Database, Document
from storage.pages import Listing, Pager

DEDUPE_CANDIDATES = "dedupe_candidates"


class DedupeRepository:
    """Dedupe candidates (domain.ports.DedupeStore)."""

    def __init__(self, database: Database) -> None:
        """Keeps one document a pair and key in `dedupe_candidates` of `database`."""
        self._collection = database.collection(DEDUPE_CANDIDATES)
        self._pager = Pager(self._collection)

    async def put_many(self, candidates: Sequence[DedupeCandidate]) -> None:
        """Keep all; a pair and key that are kept already stay as they are."""
        await self._collection.insert_missing([_document(candidate) for candidate in candidates])

    async def get(self, tenant: str, id: str) -> DedupeCandidate | None:
        """The tenant's candidate `id`."""
        found = await self._collection.find_ids([id], within={"tenant": tenant})
        return _candidate(found[0]) if found else None

    async def page(
        self, tenant: str, customer_id: str | None, *, after: Cursor | None, limit: int
    ) -> list[DedupeCandidate]:
        """At most `limit` candidates after `after`, by seen time and id.

        Those with the customer `customer_id` on either side, or, where it is None, all of the tenant.
        """
        documents = await self._pager.read(_listings(tenant, customer_id), after=after, limit=limit)
        return [_candidate(document) for document in documents]


def _listings(tenant: str, customer_id: str | None) -> list[Listing]:
    if customer_id is None:
        return [Listing({"tenant": tenant}, "seen_at")]
    return [Listing({"tenant": tenant, side: customer_id}, "seen_at") for side in ("customer_id", "other_id")]


def _document(candidate: DedupeCandidate) -> Document:
    return {
        "_id": candidate.id,
        "tenant": candidate.tenant,
        "customer_id": candidate.customer_id,
        "other_id": candidate.other_id,
        "key": candidate.key,
        "seen_at": candidate.seen_at,
    }


def _candidate(document: Document) -> DedupeCandidate:
    return DedupeCandidate(
        tenant=document["tenant"],
        customer_id=document["customer_id"],
        other_id=document["other_id"],
        key=document["key"],
        seen_at=document["seen_at"],
    )
