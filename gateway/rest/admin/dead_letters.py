"""`/admin/v1/dead-letters`: found, understood, tried, edited and given up."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from contracts.admin.models import Discard, DryRun
from contracts.admin.views import DID, WOULD, group_view, letter_view, whole_view
from domain.dead_letters.entities import KeptLetter
from domain.reading import Cursor
from gateway.operators import READ, REPAIR
from gateway.rest.admin.answers import answer
from gateway.rest.admin.pages import Place, linked, page_size, place_of
from gateway.rest.admin.requests import (
    GROUP_FILTERS,
    LIST_FILTERS,
    flag,
    only,
    parsed,
    require_narrow,
    revision_of,
    selection_of,
)
from gateway.rest.admin.results import results
from gateway.rest.admin.visits import Visit, Visits

_LETTERS = "/admin/v1/dead-letters"


class DeadLettersSurface:
    """Dead letters, for operators of one tenant or of all."""

    def __init__(self, visits: Visits, openapi: Mapping[str, Any]) -> None:
        """`openapi` describes all of the admin REST."""
        self._visits = visits
        self._openapi = openapi

    def routes(self) -> list[web.RouteDef]:
        """Every route."""
        by = self._visits.by
        return [
            web.get("/admin/v1/openapi.json", self.openapi, allow_head=False),
            web.get("/admin/v1/dead-letter-groups", by(READ, _groups), allow_head=False),
            web.get(_LETTERS, by(READ, _page), allow_head=False),
            web.get(f"{_LETTERS}/{{id}}", by(READ, _letter), allow_head=False),
            web.put(f"{_LETTERS}/{{id}}/payload", by(REPAIR, _edit)),
            web.post(f"{_LETTERS}:dry-run", by(READ, _dry_run)),
            web.post(f"{_LETTERS}:discard", by(REPAIR, _discard)),
        ]

    async def openapi(self, _: web.Request) -> web.Response:
        """What there is; no secret, so for everybody."""
        return web.json_response(self._openapi)


async def _groups(visit: Visit) -> web.Response:
    only(visit.request, GROUP_FILTERS)
    groups = await visit.desk.letters.groups(selection_of(visit.request))
    return answer({"groups": [group_view(group) for group in groups]})


async def _page(visit: Visit) -> web.Response:
    only(visit.request, (*LIST_FILTERS, "cursor", "after", "pageSize"))
    selection, size = selection_of(visit.request), page_size(visit.request)
    listed = ["dead-letters", visit.operator.tenant or "", repr(sorted(selection.words().items()))]

    async def last(id: str) -> Cursor:
        return _cursor(await visit.desk.letters.get(id))

    place = Place(visit.request, listed)
    found = await visit.desk.letters.search(selection, after=await place_of(place, last), limit=size)
    following = None if found.next is None else found.next.id
    response = answer({"letters": [letter_view(kept) for kept in found.letters], "next": following})
    return linked(response, place, found.next)


async def _letter(visit: Visit) -> web.Response:
    only(visit.request, ("reveal",))
    if flag(visit.request, "reveal"):
        visit.operator.require(REPAIR)
        return _shown(await visit.desk.letters.reveal(visit.id), reveal=True)
    return _shown(await visit.desk.letters.get(visit.id), reveal=False)


async def _edit(visit: Visit) -> web.Response:
    only(visit.request, ())
    revision = revision_of(visit.request)
    return _shown(await visit.desk.letters.edit(visit.id, await visit.body(), revision), reveal=False)


async def _dry_run(visit: Visit) -> web.StreamResponse:
    only(visit.request, ())
    selection = parsed(DryRun, await visit.body()).selection.selection()
    return await results(visit, selection, visit.desk.letters.dry_run(selection), WOULD)


async def _discard(visit: Visit) -> web.StreamResponse:
    only(visit.request, ())
    asked = parsed(Discard, await visit.body())
    selection = asked.selection.selection()
    require_narrow(selection)
    return await results(visit, selection, visit.desk.letters.discard(selection, asked.reason), DID)


def _shown(kept: KeptLetter, *, reveal: bool) -> web.Response:
    response = answer(whole_view(kept, reveal=reveal))
    response.headers["ETag"] = f'"{kept.revision}"'
    return response


def _cursor(kept: KeptLetter) -> Cursor:
    return Cursor(kept.letter.first_seen, kept.id)
