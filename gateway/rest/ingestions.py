"""`/v1/ingestions/{id}`: the receipt of an ingestion (design §6)."""

from aiohttp import web

from domain.ingestion_id import IngestionIds
from domain.ports import ReceiptStore
from domain.receipts import Receipt
from gateway.receipts import ReceiptWatcher
from gateway.rest.access import Access, preferences_of
from gateway.rest.answers import json_response, receipt_json
from gateway.rest.errors import ApiError


class IngestionsSurface:
    """Receipts, for whoever has a token of the tenant."""

    def __init__(
        self, *, access: Access, ids: IngestionIds, receipts: ReceiptStore, watcher: ReceiptWatcher
    ) -> None:
        self._access = access
        self._ids = ids
        self._receipts = receipts
        self._watcher = watcher

    def routes(self) -> list[web.RouteDef]:
        """The one route."""
        return [web.get("/v1/ingestions/{id}", self.get, name="getIngestion", allow_head=False)]

    async def get(self, request: web.Request) -> web.Response:
        """The receipt, `queued` while there is none; with `Prefer: wait` as soon as there is."""
        principal = await self._access.principal(request, None)
        ingestion_id = request.match_info["id"]
        if not self._ids.verify(principal.tenant, ingestion_id):
            raise ApiError(404, "NOT_FOUND", "there is no such ingestion")
        receipt = await self._receipt(ingestion_id, preferences_of(request).wait)
        if receipt is None:
            return json_response({"correlationId": ingestion_id, "status": "queued"})
        return json_response(receipt_json(receipt))

    async def _receipt(self, ingestion_id: str, wait: int | None) -> Receipt | None:
        if wait:
            return await self._watcher.wait(ingestion_id, wait)
        return (await self._receipts.get_many([ingestion_id])).get(ingestion_id)
