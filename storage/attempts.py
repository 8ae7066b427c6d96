"""Attempts at ingestions that were delivered again."""

from collections.abc import Iterable

from storage.driver import Database

ATTEMPTS = "attempts"


class AttemptRepository:
    """When ingestions were attempted, by their ids (domain.ports.AttemptStore)."""

    def __init__(self, database: Database) -> None:
        """Keeps one document an ingestion in the collection `attempts` of `database`."""
        self._collection = database.collection(ATTEMPTS)

    async def begin(self, ingestion_id: str, at: int) -> tuple[int, ...]:
        """Note one more attempt, journaled by a majority, and return the times of all."""
        return tuple(await self._collection.append(ingestion_id, "attempted_at", at))

    async def clear(self, ingestion_ids: Iterable[str]) -> None:
        """Forget the attempts at ingestions that ended."""
        ids = list(ingestion_ids)
        if ids:
            await self._collection.delete_many({"_id": {"$in": ids}})
