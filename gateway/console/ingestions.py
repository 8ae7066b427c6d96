"""Ingestions by id: the receipt, and the dead letters that came of it."""

from aiohttp import web

from domain.dead_letters.entities import KeptLetter, Selection, State
from domain.ingestion_id import IngestionIds
from domain.ports import ReceiptStore
from domain.receipts import Receipt
from gateway.console.visit import Admit, Visit
from gateway.operators import READ

_LONGEST = 64
_LETTERS = 20


class IngestionPages:
    """What became of one ingestion."""

    def __init__(self, receipts: ReceiptStore, ids: IngestionIds) -> None:
        """`ids` tells ids that were minted for a tenant from all others."""
        self._receipts = receipts
        self._ids = ids

    def routes(self, admit: Admit) -> list[web.RouteDef]:
        """The form, which leads to the ingestion."""
        return [
            web.get("/console/ingestions", admit(READ, self.ask)),
            web.get("/console/ingestions/{id}", admit(READ, self.show)),
        ]

    async def ask(self, visit: Visit) -> web.Response:
        """The form; the ingestion, where it was filled in."""
        wanted = visit.request.query.get("id", "").strip()
        return await self._page(visit, wanted) if wanted else visit.page("ingestions.html", words="", id="")

    async def show(self, visit: Visit) -> web.Response:
        """One ingestion."""
        return await self._page(visit, visit.request.match_info["id"])

    async def _page(self, visit: Visit, id: str) -> web.Response:
        tenant = visit.operator.tenant or visit.request.query.get("tenant", "").strip() or None
        receipt = await self._receipt(id, tenant)
        is_queued = receipt is None and tenant is not None and self._ids.verify(tenant, id)
        if receipt is None and not is_queued:
            return visit.page("ingestions.html", status=404, words=_unknown(tenant), id=id)
        letters = await self._letters(visit, id)
        return visit.page("ingestion.html", id=id, tenant=tenant, receipt=receipt, letters=letters)

    async def _receipt(self, id: str, tenant: str | None) -> Receipt | None:
        if len(id) > _LONGEST:
            return None
        found = (await self._receipts.get_many([id])).get(id)
        return found if found is not None and tenant in (None, found.tenant) else None

    async def _letters(self, visit: Visit, id: str) -> list[KeptLetter]:
        selection = Selection(states=tuple(State), ingestion_id=id)
        return await visit.desk.letters.page(selection, after=None, limit=_LETTERS)


def _unknown(tenant: str | None) -> str:
    if tenant is None:
        return "There is no receipt of it. Name the tenant to see whether it is still on its way."
    return f"There is no such ingestion of {tenant}."
