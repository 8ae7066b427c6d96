"""Outboxes: facts that were written with the documents they are about, until they are on their way."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from domain.facts import Fact
from domain.records import Entity
from storage.bulk import Update
from storage.documents import COLLECTIONS
from storage.driver import Database
from storage.facts import OUTBOX, OUTBOX_AT, fact_of
from storage.loyalty import LOYALTY_LEDGER

OUTBOXES = (*COLLECTIONS.values(), LOYALTY_LEDGER)
"""Collections whose documents may have one."""

_EVENTS = COLLECTIONS[Entity.EVENT]
"""Its facts are the documents themselves, which may be large; all others say little."""
_MOST_WHOLE = 16


@dataclass(frozen=True, slots=True)
class Pending:
    """The facts of one document."""

    collection: str
    id: str
    facts: tuple[Fact, ...]


class OutboxRepository:
    """The outboxes of all documents."""

    def __init__(self, database: Database) -> None:
        """Finds them in the collections `OUTBOXES` of `database`."""
        self._collections = {name: database.collection(name) for name in OUTBOXES}

    async def pending(self, limit: int) -> list[Pending]:
        """At most `limit` documents of each collection with facts, those with the oldest first."""
        found = await asyncio.gather(*(self._of_collection(name, limit) for name in OUTBOXES))
        return [pending for part in found for pending in part]

    async def _of_collection(self, name: str, limit: int) -> list[Pending]:
        whole = name == _EVENTS
        documents = await self._collections[name].find(
            {OUTBOX_AT: {"$gt": 0}},
            projection=None if whole else ["tenant", OUTBOX],
            sort=[(OUTBOX_AT, 1)],
            limit=min(limit, _MOST_WHOLE) if whole else limit,
        )
        return [
            Pending(name, document["_id"], tuple(fact_of(fact, document) for fact in document[OUTBOX]))
            for document in documents
        ]

    async def take_out(self, pending: Collection[Pending]) -> None:
        """Forget these facts. A record that was read before and is written after brings them back."""
        by_name: dict[str, dict[str, list[str]]] = {}
        for one in pending:
            by_name.setdefault(one.collection, {})[one.id] = [fact.id for fact in one.facts]
        await asyncio.gather(*(self._take_out(name, ids) for name, ids in by_name.items()))

    async def _take_out(self, name: str, facts: Mapping[str, list[str]]) -> None:
        collection = self._collections[name]
        await collection.write(
            [Update({"_id": id}, {"$pull": {OUTBOX: {"id": {"$in": ids}}}}) for id, ids in facts.items()]
        )
        await collection.write(
            [Update({"_id": id, OUTBOX: []}, {"$unset": {OUTBOX: "", OUTBOX_AT: ""}}) for id in facts]
        )
