"""Webhook deliveries that are not made yet."""

from collections.abc import Sequence

from domain.deliveries import Delivery
from storage.driver import Database, Document

DELIVERIES = "webhook_deliveries"
_IN_LANE = [("position", 1), ("_id", 1)]


class DeliveryRepository:
    """Deliveries that wait, by endpoint and lane."""

    def __init__(self, database: Database) -> None:
        """Keeps them in the collection `webhook_deliveries` of `database`."""
        self._collection = database.collection(DELIVERIES)

    async def put_many(self, deliveries: Sequence[Delivery]) -> None:
        """Keep those that are not kept yet."""
        await self._collection.insert_missing([_document(one) for one in deliveries])

    async def due_lanes(self, endpoint_id: str, now: int, limit: int) -> list[str]:
        """Lanes that hold one of the `limit` deliveries of the endpoint that are due the longest."""
        found = await self._collection.find(
            {"endpoint": endpoint_id, "due_at": {"$lt": now + 1}},
            projection=["lane"],
            sort=[("due_at", 1), ("position", 1)],
            limit=limit,
        )
        return list(dict.fromkeys(document["lane"] for document in found))

    async def first(self, endpoint_id: str, lane: str) -> Delivery | None:
        """The first delivery of a lane, due or not."""
        found = await self._collection.find({"endpoint": endpoint_id, "lane": lane}, sort=_IN_LANE, limit=1)
        return delivery_of(found[0]) if found else None

    async def older(self, endpoint_id: str, kept_before: int, limit: int) -> list[Delivery]:
        """At most `limit` deliveries of the endpoint that were kept before `kept_before`."""
        found = await self._collection.find(
            {"endpoint": endpoint_id, "kept_at": {"$lt": kept_before}}, limit=limit
        )
        return [delivery_of(document) for document in found]

    async def postpone(self, delivery: Delivery, *, due_at: int) -> None:
        """Note its attempts, and let its whole lane wait until `due_at`."""
        lane = {"endpoint": delivery.endpoint_id, "lane": delivery.lane}
        made = {"attempts": delivery.attempts, "attempted_at": list(delivery.attempted_at)}
        await self._collection.update_many({"_id": delivery.id}, {"$set": made})
        await self._collection.update_many({**lane, "due_at": {"$lt": due_at}}, {"$set": {"due_at": due_at}})

    async def remove(self, ids: Sequence[str]) -> None:
        """Forget deliveries that ended."""
        await self._collection.delete_many({"_id": {"$in": list(ids)}})

    async def remove_all(self, endpoint_id: str) -> None:
        """Forget all deliveries to an endpoint."""
        await self._collection.delete_many({"endpoint": endpoint_id})

    async def count(self, endpoint_id: str, limit: int) -> int:
        """How many deliveries wait for the endpoint; counting stops at `limit`."""
        return await self._collection.count({"endpoint": endpoint_id}, limit)

    async def oldest(self) -> int | None:
        """When the oldest fact that waits was made, in milliseconds since the Unix epoch."""
        found = await self._collection.find({}, projection=["made_at"], sort=[("made_at", 1)], limit=1)
        return found[0]["made_at"] if found else None


def _document(delivery: Delivery) -> Document:
    return {
        "_id": delivery.id,
        "endpoint": delivery.endpoint_id,
        "tenant": delivery.tenant,
        "fact": delivery.fact_id,
        "type": delivery.type,
        "lane": delivery.lane,
        "position": delivery.position,
        "made_at": delivery.made_at,
        "kept_at": delivery.kept_at,
        "body": delivery.body,
        "attempts": delivery.attempts,
        "attempted_at": list(delivery.attempted_at),
        "due_at": delivery.due_at,
        **({"trace": delivery.trace} if delivery.trace else {}),
    }


def delivery_of(document: Document) -> Delivery:
    """The delivery that a document is."""
    return Delivery(
        id=document["_id"],
        endpoint_id=document["endpoint"],
        tenant=document["tenant"],
        fact_id=document["fact"],
        type=document["type"],
        lane=document["lane"],
        position=document["position"],
        made_at=document["made_at"],
        kept_at=document["kept_at"],
        body=document["body"],
        attempts=document["attempts"],
        attempted_at=tuple(document["attempted_at"]),
        due_at=document["due_at"],
        trace=document.get("trace", ""),
    )
