"""Leases: who of several processes does what only one may do at a time."""

from storage.bulk import Update
from storage.driver import Database

LEASES = "leases"


class LeaseRepository:
    """Named leases."""

    def __init__(self, database: Database) -> None:
        """Keeps them in the collection `leases` of `database`."""
        self._collection = database.collection(LEASES)

    async def hold(self, name: str, owner: str, *, now: int, until: int) -> bool:
        """Take or renew the lease `name` until `until`; False where somebody else has it.

        Times in milliseconds since the Unix epoch, by clocks that differ by less than a lease lasts.
        """
        await self._collection.insert_missing([{"_id": name, "owner": owner, "until": until}])
        free = {"$or": [{"owner": owner}, {"until": {"$lt": now}}]}
        mine = {"$set": {"owner": owner, "until": until}}
        await self._collection.write([Update({"_id": name, **free}, mine)])
        found = await self._collection.find_one({"_id": name})
        return found is not None and found["owner"] == owner

    async def give_up(self, name: str, owner: str) -> None:
        """End the lease `name`, if `owner` has it."""
        await self._collection.delete_many({"_id": name, "owner": owner})
