"""Requests at an operator's desk: who he is, what he may, and how long it may take."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from domain.dead_letters.desk import Desk, OpenDesk
from gateway.operators import Operator, Operators
from gateway.rest.app import DEADLINE
from gateway.rest.body import BodyBudget, BodyLimits, read_body, require_json
from gateway.rest.deadline import DeadlineError


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of an operator."""

    request: web.Request
    operator: Operator
    desk: Desk
    deadline: asyncio.Timeout
    """Of the answer as a whole; what is answered part by part puts it off."""
    budget: BodyBudget

    @property
    def id(self) -> str:
        """What the path names."""
        return self.request.match_info["id"]

    async def body(
        self, limits: BodyLimits | None = None, require: Callable[[web.Request], None] = require_json
    ) -> bytes:
        """The body, within its bounds; `require` refuses media types."""
        return await read_body(self.request, limits or BodyLimits(), self.budget, require=require)


_Handle = Callable[[Visit], Awaitable[web.StreamResponse]]
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Visits:
    """Lets operators in."""

    def __init__(self, operators: Operators, open_desk: OpenDesk, budget: BodyBudget) -> None:
        """`budget` bounds the bodies in hand."""
        self._operators = operators
        self._open_desk = open_desk
        self._budget = budget

    def by(self, role: str, handle: _Handle) -> _Handler:
        """`handle` for operators with `role`."""

        async def handler(request: web.Request) -> web.StreamResponse:
            operator = await self._operators.of_header(request.headers.get("Authorization"))
            operator.require(role)
            desk = self._open_desk(operator.subject, operator.tenant)
            try:
                async with asyncio.timeout(DEADLINE) as deadline:
                    return await handle(Visit(request, operator, desk, deadline, self._budget))
            except TimeoutError as error:
                raise DeadlineError("no answer in time") from error

        return handler
