"""One request of an operator: who he is, what he may do, and what his form says."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import parse_qs, quote

from aiohttp import web

from domain.dead_letters.desk import Desk, OpenDesk
from domain.dead_letters.errors import EditConflictError, InvalidPayloadError, NoSuchLetterError, RepairError
from domain.errors import PermanentError, StoreUnavailableError
from domain.replay.errors import JobStateError, NoSuchJobError
from gateway.console.render import Renderer, led_to
from gateway.console.session import CSRF_FIELD, csrf_of, is_own_form, token_of
from gateway.errors import AuthenticationError, InsufficientScopeError
from gateway.operators import REPAIR, REPLAY, Operator, SignIn
from gateway.rest.app import DEADLINE
from gateway.rest.body import BodyBudget, BodyLimits, UnsupportedMediaTypeError, read_body
from gateway.rest.deadline import DeadlineError
from gateway.rest.errors import as_api_error

_FORM = BodyLimits(sent=24 * 1024 * 1024, unpacked=24 * 1024 * 1024)
"""The largest payload there is, each of its bytes written as three."""
_MOST_FIELDS = 200


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of somebody who is signed in."""

    request: web.Request
    operator: Operator
    desk: Desk
    renderer: Renderer
    csrf: str
    form: Mapping[str, Sequence[str]]
    """Empty where nothing was sent."""

    def field(self, name: str) -> str:
        """What the form says in the field `name`, without blanks around it."""
        return self.form.get(name, [""])[0].strip()

    def page(self, template: str, *, status: int = 200, **values: Any) -> web.Response:
        """A page that says who is signed in."""
        return self.renderer.page(
            template,
            status=status,
            operator=self.operator,
            may_repair=self.operator.has(REPAIR),
            may_replay=self.operator.has(REPLAY),
            csrf=self.csrf,
            path=self.request.path,
            query=self.request.query,
            **values,
        )


Page = Callable[[Visit], Awaitable[web.StreamResponse]]
Admit = Callable[[str, Page], Callable[[web.Request], Awaitable[web.StreamResponse]]]
"""Makes a handler of a page that is for operators with a role."""


class PageGroup(Protocol):
    """Some pages of the console."""

    def routes(self, admit: Admit) -> list[web.RouteDef]:
        """Their routes, all below `/console`; each handler is one that `admit` made."""


class Reception:
    """Lets operators in, and answers in pages whatever is wrong."""

    def __init__(self, sign_in: SignIn, open_desk: OpenDesk, renderer: Renderer, budget: BodyBudget) -> None:
        """`budget` bounds the forms in hand."""
        self._sign_in = sign_in
        self._open_desk = open_desk
        self._renderer = renderer
        self._budget = budget

    def admit(self, role: str, page: Page) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """`page`, for operators with `role` (Admit)."""

        async def handle(request: web.Request) -> web.StreamResponse:
            visit: Visit | None = None
            try:
                async with asyncio.timeout(DEADLINE):
                    visit = await self._visit(request)
                    visit.operator.require(role)
                    return await page(visit)
            except web.HTTPException:
                raise
            except AuthenticationError:
                return led_to(_login(request))
            except TimeoutError:
                return self.refused(DeadlineError("no answer in time"), visit)
            except Exception as error:
                return self.refused(error, visit)

        return handle

    async def form(self, request: web.Request) -> Mapping[str, Sequence[str]]:
        """What a form says. Raises what `read_body` does."""
        body = await read_body(request, _FORM, self._budget, require=_require_form)
        try:
            return parse_qs(
                body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict"
            )
        except ValueError as error:
            raise RepairError("this is no form in UTF-8") from error

    def refused(self, error: Exception, visit: Visit | None = None) -> web.Response:
        """A page that says what `error` says, from which somebody who is signed in can go on."""
        return self.refusal(*_said(error), visit)

    def refusal(self, status: int, words: str, visit: Visit | None = None) -> web.Response:
        """A page that says what is wrong."""
        response = (visit or self._renderer).page("refused.html", status=status, words=words)
        if status == 503:
            response.headers["Retry-After"] = "2"
        return response

    async def _visit(self, request: web.Request) -> Visit:
        token = token_of(request)
        operator = await self._sign_in(token)
        form: Mapping[str, Sequence[str]] = {}
        if request.method == "POST":
            form = await self.form(request)
            if not is_own_form(request, token, form.get(CSRF_FIELD, [""])[0]):
                raise _ForeignFormError("a form of another site or session")
        desk = self._open_desk(operator.subject, operator.tenant)
        return Visit(request, operator, desk, self._renderer, csrf_of(token), form)


def status_of(error: RepairError) -> int:
    """The status of a page that says what an operator got wrong."""
    match error:
        case NoSuchLetterError() | NoSuchJobError():
            return 404
        case EditConflictError() | JobStateError():
            return 409
        case InvalidPayloadError():
            return 422
        case _:
            return 400


def _said(error: Exception) -> tuple[int, str]:
    """The status of an error, and what a page says of it."""
    match error:
        case _ForeignFormError():
            return 403, "This form was not made for your session. Open its page anew."
        case InsufficientScopeError():
            return 403, f"Your token lacks the role {error.required}."
        case RepairError():
            return status_of(error), f"{error}."
        case StoreUnavailableError():
            return 503, "The store is away. Nothing is lost; try again in a moment."
        case _:
            return _said_of_any(error)


def _said_of_any(error: Exception) -> tuple[int, str]:
    found = as_api_error(error)
    error_id = found.details.get("errorId")
    words = f"{found.message}; the log has it as {error_id}" if error_id else found.message
    return found.status, f"{words}."


class _ForeignFormError(PermanentError):
    """A form that no page of this session sent."""


def _require_form(request: web.Request) -> None:
    if request.content_type != "application/x-www-form-urlencoded":
        raise UnsupportedMediaTypeError("the body's media type must be application/x-www-form-urlencoded")


def _login(request: web.Request) -> str:
    """The page to sign in on, from which it goes on to where `request` wanted to."""
    if request.method != "GET":
        return "/console/login"
    return f"/console/login?next={quote(request.path_qs, safe='')}"
