"""Ingestors that their breaker stopped."""

from collections.abc import Sequence
from dataclasses import asdict

from domain.stops import Stop
from storage.driver import Database

INGESTOR_STOPS = "ingestor_stops"


class IngestorStopRepository:
    """Stops by ingestor (domain.stops.StopStore)."""

    def __init__(self, database: Database) -> None:
        """Keeps them in the collection `ingestor_stops` of `database`: there are as many as ingestors."""
        self._collection = database.collection(INGESTOR_STOPS)

    async def put(self, stop: Stop) -> None:
        """Keep `stop`; one that is there stays as it is."""
        document = asdict(stop)
        await self._collection.insert_missing([{"_id": document.pop("id"), **document}])

    async def stands(self, id: str, now: int) -> bool:
        """Whether nobody removed the stop `id`, which was seen `now`."""
        return await self._collection.update_one({"_id": id}, {"$set": {"seen_at": now}})

    async def seen_since(self, at: int) -> list[Stop]:
        """The stops that were seen at `at` or later, oldest first."""
        found = await self._collection.find({})
        stops = [Stop(id=one.pop("_id"), **one) for one in found]
        return sorted((one for one in stops if one.seen_at >= at), key=lambda one: (one.since, one.id))

    async def remove(self, ids: Sequence[str]) -> None:
        """Remove stops; their ingestors go on."""
        await self._collection.delete_many({"_id": {"$in": list(ids)}})
