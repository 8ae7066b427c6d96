"""Dedupe candidates: pairs of customers that one identity key points to."""

import hashlib
from collections.abc import Sequence

from domain.receipts import DedupeCandidate
from storage.driver import Database, Document

DEDUPE_CANDIDATES = "dedupe_candidates"


class DedupeRepository:
    """Dedupe candidates (domain.ports.DedupeStore)."""

    def __init__(self, database: Database) -> None:
        """Keeps one document a pair and key in `dedupe_candidates` of `database`."""
        self._collection = database.collection(DEDUPE_CANDIDATES)

    async def put_many(self, candidates: Sequence[DedupeCandidate]) -> None:
        """Keep all; a pair and key that are kept already stay as they are."""
        await self._collection.insert_missing([_document(candidate) for candidate in candidates])


def _document(candidate: DedupeCandidate) -> Document:
    pair = sorted((candidate.customer_id, candidate.other_id))
    material = "\x1f".join((candidate.tenant, *pair, candidate.key))
    return {
        "_id": hashlib.sha256(material.encode()).hexdigest(),
        "tenant": candidate.tenant,
        "customer_id": candidate.customer_id,
        "other_id": candidate.other_id,
        "key": candidate.key,
        "seen_at": candidate.seen_at,
    }
