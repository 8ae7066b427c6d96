"""Dedupe candidates: pairs of customers that one identity key points to, for a person to decide."""

from collections.abc import Sequence
from urllib.parse import urlencode

from aiohttp import web

from domain.dead_letters.errors import RepairError
from domain.duplicates import Pair
from domain.reading import Cursor
from domain.receipts import DedupeCandidate
from gateway.console.visit import Admit, Visit
from gateway.operators import READ, REPAIR
from gateway.paging import InvalidCursorError, decode_place, encode_place

_PAGE = 50
_AT = "/console/dedupe"
_KINDS = {
    "customer": "customer id",
    "logical": "logical id",
    "external": "external id",
    "email": "e-mail address",
    "phone": "phone number",
}


class DuplicatePages:
    """Pairs in lists, and one with its personal data."""

    def routes(self, admit: Admit) -> list[web.RouteDef]:
        """The pages (PageGroup)."""
        return [
            web.get(_AT, admit(READ, self.listing)),
            web.post(f"{_AT}/{{id}}/reveal", admit(REPAIR, self.reveal)),
        ]

    async def listing(self, visit: Visit) -> web.Response:
        """The pairs of a tenant, or of one of its customers, oldest first, a page at a time."""
        query = visit.request.query
        tenant = visit.operator.tenant or query.get("tenant", "").strip()
        customer = query.get("customer", "").strip()
        if not tenant:
            return _list(visit)
        place = ("console dedupe", tenant, customer)
        after = _after(place, query.get("after", ""))
        found = await visit.desk.duplicates.page(tenant, customer or None, after=after, limit=_PAGE + 1)
        pairs, more = found[:_PAGE], ""
        if len(found) > _PAGE:
            last = pairs[-1].candidate
            token = encode_place(place, Cursor(last.seen_at, last.id))
            more = urlencode({"tenant": tenant, "customer": customer, "after": token})
        return _list(visit, tenant, customer, pairs, more)

    async def reveal(self, visit: Visit) -> web.Response:
        """One pair as it is: that is audited."""
        tenant = visit.operator.tenant or visit.field("tenant")
        pair: Pair | None = await visit.desk.duplicates.reveal(tenant, visit.request.match_info["id"])
        if pair is None:
            return visit.page("refused.html", status=404, words="There is no such dedupe candidate.")
        return visit.page("duplicate.html", pair=pair, tenant=tenant, kind_of=_kind_of)


def _list(
    visit: Visit, tenant: str = "", customer: str = "", pairs: Sequence[Pair] = (), more: str = ""
) -> web.Response:
    return visit.page(
        "duplicates.html", tenant=tenant, customer=customer, pairs=pairs, more=more, kind_of=_kind_of
    )


def _kind_of(candidate: DedupeCandidate) -> str:
    kind = candidate.key.partition(":")[0]
    return _KINDS.get(kind, kind)


def _after(place: tuple[str, ...], token: str) -> Cursor | None:
    try:
        return decode_place(place, token) if token else None
    except InvalidCursorError as error:
        raise RepairError(str(error)) from error
