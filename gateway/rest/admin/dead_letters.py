"""`/admin/v1/dead-letters`: found, understood, tried, edited and given up."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Any

from aiohttp import web

from contracts.admin.models import MAX_LETTERS, Discard, DryRun
from contracts.admin.views import DID, WOULD, done_view, group_view, letter_view, whole_view
from domain.dead_letters.desk import Desk, OpenDesk
from domain.dead_letters.entities import KeptLetter, Selection
from domain.dead_letters.use_case import Done
from domain.reading import Cursor
from domain.records import Outcome
from gateway.operators import READ, REPAIR, Operator, Operators
from gateway.paging import decode_place, encode_place
from gateway.rest.admin.answers import answer
from gateway.rest.admin.requests import (
    LIST_FILTERS,
    flag,
    only,
    parsed,
    require_narrow,
    revision_of,
    selection_of,
)
from gateway.rest.app import DEADLINE, DeadlineError
from gateway.rest.body import BodyBudget, BodyLimits, read_body
from gateway.rest.parameters import integer

_LETTERS = "/admin/v1/dead-letters"
_DEFAULT_PAGE, _MAX_PAGE = 50, 200
_Handle = Callable[[web.Request, Operator, Desk], Awaitable[web.Response]]


class DeadLettersSurface:
    """Dead letters, for operators of one tenant or of all."""

    def __init__(
        self, operators: Operators, open_desk: OpenDesk, budget: BodyBudget, openapi: Mapping[str, Any]
    ) -> None:
        """`budget` bounds the bodies in hand; `openapi` describes all of the admin REST."""
        self._operators = operators
        self._open_desk = open_desk
        self._budget = budget
        self._openapi = openapi

    def routes(self) -> list[web.RouteDef]:
        """Every route."""
        return [
            web.get("/admin/v1/openapi.json", self.openapi, allow_head=False),
            web.get("/admin/v1/dead-letter-groups", self._for(READ, _groups), allow_head=False),
            web.get(_LETTERS, self._for(READ, _page), allow_head=False),
            web.get(f"{_LETTERS}/{{id}}", self._for(READ, _letter), allow_head=False),
            web.put(f"{_LETTERS}/{{id}}/payload", self._for(REPAIR, self._edit)),
            web.post(f"{_LETTERS}:dry-run", self._for(READ, self._dry_run)),
            web.post(f"{_LETTERS}:discard", self._for(REPAIR, self._discard)),
        ]

    async def openapi(self, _: web.Request) -> web.Response:
        """What there is; no secret, so for everybody."""
        return web.json_response(self._openapi)

    def _for(self, role: str, handle: _Handle) -> Callable[[web.Request], Awaitable[web.Response]]:
        """`handle` at the desk of an operator with `role`."""

        async def handler(request: web.Request) -> web.Response:
            operator = await self._operators.of_header(request.headers.get("Authorization"))
            operator.require(role)
            desk = self._open_desk(operator.subject, operator.tenant)
            try:
                async with asyncio.timeout(DEADLINE):
                    return await handle(request, operator, desk)
            except TimeoutError as error:
                raise DeadlineError("no answer in time") from error

        return handler

    async def _edit(self, request: web.Request, _: Operator, desk: Desk) -> web.Response:
        only(request, ())
        revision = revision_of(request)
        kept = await desk.letters.edit(request.match_info["id"], await self._body(request), revision)
        return _shown(kept, reveal=False)

    async def _dry_run(self, request: web.Request, _: Operator, desk: Desk) -> web.Response:
        only(request, ())
        selection = parsed(DryRun, await self._body(request)).selection.selection()
        return await _results(desk, selection, desk.letters.dry_run(selection), WOULD)

    async def _discard(self, request: web.Request, _: Operator, desk: Desk) -> web.Response:
        only(request, ())
        asked = parsed(Discard, await self._body(request))
        selection = asked.selection.selection()
        require_narrow(selection)
        return await _results(desk, selection, desk.letters.discard(selection, asked.reason), DID)

    async def _body(self, request: web.Request) -> bytes:
        return await read_body(request, BodyLimits(), self._budget)


async def _groups(request: web.Request, _: Operator, desk: Desk) -> web.Response:
    only(request, LIST_FILTERS)
    groups = await desk.letters.groups(selection_of(request))
    return answer({"groups": [group_view(group) for group in groups]})


async def _page(request: web.Request, operator: Operator, desk: Desk) -> web.Response:
    only(request, (*LIST_FILTERS, "cursor", "pageSize"))
    selection = selection_of(request)
    size = integer(request, "pageSize", least=1, most=_MAX_PAGE) or _DEFAULT_PAGE
    token = request.query.get("cursor")
    listed = ["dead-letters", operator.tenant or "", repr(sorted(selection.words().items()))]
    listed.append(str(selection.until))
    after = None if token is None else decode_place(listed, token)
    # One more than the page tells whether there is a next one.
    found = await desk.letters.page(selection, after=after, limit=size + 1)
    shown = found[:size]
    response = answer({"letters": [letter_view(kept) for kept in shown]})
    if len(found) > size:
        query = [(name, value) for name, value in request.query.items() if name != "cursor"]
        query.append(("cursor", encode_place(listed, _place(shown[-1]))))
        response.headers["Link"] = f'<{request.rel_url.with_query(query)}>; rel="next"'
    return response


async def _letter(request: web.Request, operator: Operator, desk: Desk) -> web.Response:
    only(request, ("reveal",))
    id, reveal = request.match_info["id"], flag(request, "reveal")
    if reveal:
        operator.require(REPAIR)
        return _shown(await desk.letters.reveal(id), reveal=True)
    return _shown(await desk.letters.get(id), reveal=False)


def _shown(kept: KeptLetter, *, reveal: bool) -> web.Response:
    response = answer(whole_view(kept, reveal=reveal))
    response.headers["ETag"] = f'"{kept.revision}"'
    return response


async def _results(
    desk: Desk, selection: Selection, doing: AsyncIterator[Done], words: Mapping[Outcome, str]
) -> web.Response:
    """At most MAX_LETTERS results; what is beyond them is not begun."""
    views: list[dict[str, Any]] = []
    more = False
    async with aclosing(doing) as results:  # type: ignore[type-var]  # a generator, which can be closed
        async for done in results:
            views.append(done_view(done, words))
            if len(views) == MAX_LETTERS:
                more = bool(await desk.letters.page(selection, after=_place(done.letter), limit=1))
                break
    return answer({"results": views, "truncated": more})


def _place(kept: KeptLetter) -> Cursor:
    return Cursor(kept.letter.first_seen, kept.id)
