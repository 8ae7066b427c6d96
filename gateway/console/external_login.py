"""The way in by an OpenID provider: out to it with a secret in a cookie, and back with its answer.

The cookie is sent along when another site leads back here, which the session's is not. From its
secret everything is derived that the answer must fit, so nothing is kept here.
"""

import hmac
import secrets
from urllib.parse import quote, unquote

from aiohttp import web

from gateway.console.render import POLICY, Renderer
from gateway.console.session import begin, came_by_tls, fits, own_page
from gateway.console.visit import Reception
from gateway.errors import AuthenticationError, InsufficientScopeError
from gateway.oidc.login import Attempt
from gateway.oidc.provider import OpenIdProvider

_COOKIE = "portico_console_oidc"
_PATH = "/console/oidc"
_SECONDS = 600
"""What a login may take."""
_HOME = "/console"


class ExternalLogin:
    """Two routes for whoever is not signed in yet."""

    def __init__(self, provider: OpenIdProvider, reception: Reception, renderer: Renderer) -> None:
        """`reception` words what is wrong."""
        self._provider = provider
        self._reception = reception
        self._renderer = renderer

    def routes(self) -> list[web.RouteDef]:
        """Out and back."""
        return [
            web.get(f"{_PATH}/start", self.start, allow_head=False),
            web.get(f"{_PATH}/callback", self.callback, allow_head=False),
        ]

    async def start(self, request: web.Request) -> web.StreamResponse:
        """Send the browser to the provider."""
        secret = secrets.token_urlsafe(32)
        try:
            url = await self._provider.login_url(Attempt(secret, _redirect_uri(request)))
        except Exception as error:
            return self._reception.refused(error)
        response = web.Response(status=303, headers={**POLICY, "Location": url})
        kept = f"{secret}.{quote(own_page(request.query.get('next', '')), safe='')}"
        response.set_cookie(
            _COOKIE,
            kept,
            max_age=_SECONDS,
            path=_PATH,
            httponly=True,
            samesite="Lax",
            secure=came_by_tls(request),
        )
        return response

    async def callback(self, request: web.Request) -> web.StreamResponse:
        """Begin a session with the ID token that the provider's answer leads to."""
        secret, _, wanted = request.cookies.get(_COOKIE, "").partition(".")
        attempt = Attempt(secret, _redirect_uri(request))
        try:
            token = await self._token(request, attempt)
        except AuthenticationError as error:
            response = self._reception.refusal(401, f"You are not signed in: {error.reason}.")
        except InsufficientScopeError:
            response = self._reception.refusal(
                403, "The login provider gave you none of an operator's roles."
            )
        except Exception as error:
            response = self._reception.refused(error)
        else:
            # A page, and not a redirect: browsers count a redirect as another site's, and keep
            # the session's cookie from where it leads.
            response = self._renderer.page("signed_in.html", to=own_page(unquote(wanted)) or _HOME)
            begin(response, request, token)
        response.del_cookie(_COOKIE, path=_PATH)
        return response

    async def _token(self, request: web.Request, attempt: Attempt) -> str:
        query = request.query
        given = query.get("state", "").encode("utf-8", "replace")
        if not attempt.secret or not hmac.compare_digest(given, attempt.state.encode()):
            raise AuthenticationError("this login was not begun in this browser, or took too long")
        if "code" not in query:
            raise AuthenticationError("the login provider did not let you in")
        token = await self._provider.redeem(query["code"], attempt)
        if not fits(token):
            raise AuthenticationError("the ID token is too long for a browser to keep")
        return token


def _redirect_uri(request: web.Request) -> str:
    return f"{'https' if came_by_tls(request) else 'http'}://{request.host}{_PATH}/callback"
