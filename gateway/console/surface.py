"""`/console`: its routes, and the way in and out."""

from collections.abc import Sequence
from importlib.resources import files
from pathlib import PurePath

from aiohttp import web

from domain.dead_letters.desk import OpenDesk
from gateway.console.external_login import ExternalLogin
from gateway.console.render import POLICY, Renderer
from gateway.console.session import begin, end, fits, is_from_here, own_page
from gateway.console.visit import PageGroup, Reception, Visit
from gateway.errors import AuthenticationError, InsufficientScopeError
from gateway.oidc.provider import OpenIdProvider
from gateway.operators import READ, SignIn
from gateway.rest.body import BodyBudget

_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_HOME = "/console"


class Console:
    """The pages, and the files that they load."""

    def __init__(
        self,
        sign_in: SignIn,
        open_desk: OpenDesk,
        budget: BodyBudget,
        page_groups: Sequence[PageGroup],
        provider: OpenIdProvider | None = None,
    ) -> None:
        """`sign_in` knows operators by their tokens, `open_desk` gives each what he works with.

        `budget` bounds the forms in hand. With `provider`, by whose tokens `sign_in` knows operators
        too, they may log in there.
        """
        self._sign_in = sign_in
        self._renderer = Renderer()
        self._reception = Reception(sign_in, open_desk, self._renderer, budget)
        self._page_groups = page_groups
        self._external = provider and ExternalLogin(provider, self._reception, self._renderer)
        self._files = {
            one.name: one.read_bytes()
            for one in (files("gateway.console") / "static").iterdir()
            if PurePath(one.name).suffix in _TYPES
        }

    def routes(self) -> list[web.RouteDef]:
        """Every page and form."""
        admit = self._reception.admit
        pages = [route for group in self._page_groups for route in group.routes(admit)]
        return [
            *pages,
            *(self._external.routes() if self._external else ()),
            web.get("/", _to_home),
            web.get(f"{_HOME}/login", self.login),
            web.post(f"{_HOME}/login", self.enter),
            web.post(f"{_HOME}/logout", admit(READ, self.leave)),
            web.get(f"{_HOME}/static/{{file}}", self.file),
            web.route("*", f"{_HOME}/{{tail:.*}}", self.nothing),
        ]

    async def login(self, request: web.Request) -> web.Response:
        """The page that asks for a token."""
        return self._login_page(next=own_page(request.query.get("next", "")))

    async def enter(self, request: web.Request) -> web.StreamResponse:
        """Begin a session with the token that was given."""
        try:
            if not is_from_here(request):
                return self._reception.refusal(403, "This form comes from another site.")
            form = await self._reception.form(request)
            token, wanted = form.get("token", [""])[0].strip(), own_page(form.get("next", [""])[0])
            words = await self._refusal(token)
        except Exception as error:
            return self._reception.refused(error)
        if words:
            return self._login_page(status=401, words=words, next=wanted)
        response = web.Response(status=303, headers={**POLICY, "Location": wanted or _HOME})
        begin(response, request, token)
        return response

    def _login_page(self, *, status: int = 200, words: str = "", next: str) -> web.Response:
        has_provider = self._external is not None
        return self._renderer.page(
            "login.html", status=status, words=words, next=next, has_provider=has_provider
        )

    async def _refusal(self, token: str) -> str:
        """Why `token` opens nothing here, in words; empty where it does."""
        if not fits(token):
            return "That is no token, or one that is too long for a browser to keep."
        try:
            await self._sign_in(token)
        except AuthenticationError as error:
            return f"{error.reason}."
        except InsufficientScopeError:
            return "This token has none of an operator's roles."
        return ""

    async def leave(self, _: Visit) -> web.StreamResponse:
        """End the session."""
        response = web.Response(status=303, headers={**POLICY, "Location": f"{_HOME}/login"})
        end(response)
        return response

    async def file(self, request: web.Request) -> web.Response:
        """A style sheet, script or picture."""
        name = request.match_info["file"]
        if name not in self._files:
            return await self.nothing(request)
        return web.Response(
            body=self._files[name],
            content_type=_TYPES[PurePath(name).suffix],
            charset="utf-8",
            headers=POLICY,
        )

    async def nothing(self, _: web.Request) -> web.Response:
        """The page of what there is not."""
        return self._reception.refusal(404, "There is no such page.")


async def _to_home(_: web.Request) -> web.Response:
    raise web.HTTPSeeOther(_HOME)
