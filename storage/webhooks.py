"""Webhook endpoints."""

from domain.endpoints import Endpoint
from storage.driver import Database, Document

WEBHOOKS = "webhooks"


class EndpointRepository:
    """Endpoints, few enough to be read whole."""

    def __init__(self, database: Database) -> None:
        """Keeps them in the collection `webhooks` of `database`."""
        self._collection = database.collection(WEBHOOKS)

    async def all(self, tenant: str | None = None) -> list[Endpoint]:
        """The endpoints of `tenant`, or of all tenants, the oldest first."""
        documents = await self._collection.find({} if tenant is None else {"tenant": tenant})
        return sorted(map(_endpoint, documents), key=lambda one: (one.created_at, one.id))

    async def get(self, tenant: str, id: str) -> Endpoint | None:
        """The tenant's endpoint `id`."""
        found = await self._collection.find_ids([id], within={"tenant": tenant})
        return _endpoint(found[0]) if found else None

    async def put(self, endpoint: Endpoint) -> None:
        """Keep a new endpoint."""
        await self._collection.insert_missing([_document(endpoint)])

    async def remove(self, endpoint: Endpoint) -> None:
        """Forget an endpoint; what still waits for it is dropped by whoever delivers."""
        await self._collection.delete_many({"_id": endpoint.id})


def _document(endpoint: Endpoint) -> Document:
    return {
        "_id": endpoint.id,
        "tenant": endpoint.tenant,
        "url": endpoint.url,
        "secret": endpoint.secret,
        "events": list(endpoint.events),
        "merchant_id": endpoint.merchant_id,
        "created_at": endpoint.created_at,
        "disabled": endpoint.disabled,
    }


def _endpoint(document: Document) -> Endpoint:
    return Endpoint(
        id=document["_id"],
        tenant=document["tenant"],
        url=document["url"],
        secret=document["secret"],
        events=tuple(document["events"]),
        merchant_id=document["merchant_id"],
        created_at=document["created_at"],
        disabled=document["disabled"],
    )
