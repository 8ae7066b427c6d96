"""Attempts at ingestions that were delivered again."""

from collections.abc import Iterable

from storage.driver import Database

ATTEMPTS = "attempts"


class AttemptRepository:
    """Counts of attempts by ingestion id (domain.ports.AttemptStore)."""

    def __init__(self, database: Database) -> None:
        """Keeps one document an ingestion in the collection `attempts` of `database`."""
        self._collection = database.collection(ATTEMPTS)

    async def begin(self, ingestion_id: str) -> int:
        """Count one more attempt, journaled by a majority, and return how many that makes."""
        return await self._collection.increment(ingestion_id, "attempts")

    async def clear(self, ingestion_ids: Iterable[str]) -> None:
        """Forget the attempts at ingestions that ended."""
        ids = list(ingestion_ids)
        if ids:
            await self._collection.delete_many({"_id": {"$in": ids}})
