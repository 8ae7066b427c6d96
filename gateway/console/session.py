"""Who is at the console: an operator's token in a cookie that scripts cannot read.

The cookie is the token itself, verified with every request: nothing is kept here, so any gateway
serves any operator, and a token that has ended ends the session. A form carries a digest of the
token, which another site can neither read nor compute (CSRF), and its `Origin` must be ours.
"""

import hashlib
import hmac
import re
from urllib.parse import urlsplit

from aiohttp import web

COOKIE = "portico_console"
CSRF_FIELD = "csrf"
_PATH = "/console"
_TOKEN = re.compile(r"[A-Za-z0-9_.-]{1,3800}")
"""Browsers keep cookies of 4 KiB."""


def token_of(request: web.Request) -> str:
    """The token of the session, not verified yet; empty where nobody is signed in."""
    return request.cookies.get(COOKIE, "")


def fits(token: str) -> bool:
    """Whether a cookie can hold `token`, which has the characters of a JWT (RFC 7519)."""
    return _TOKEN.fullmatch(token) is not None


def begin(response: web.StreamResponse, request: web.Request, token: str) -> None:
    """Keep `token` until the browser is closed."""
    response.set_cookie(
        COOKIE, token, path=_PATH, httponly=True, samesite="Strict", secure=came_by_tls(request)
    )


def end(response: web.StreamResponse) -> None:
    """Forget who was there."""
    response.del_cookie(COOKIE, path=_PATH)


def csrf_of(token: str) -> str:
    """What every form of the session must carry."""
    return hashlib.sha256(b"console form\x1f" + token.encode()).hexdigest()


def is_from_here(request: web.Request) -> bool:
    """Whether a form comes from a page of this host, as far as the browser says."""
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.host


def is_own_form(request: web.Request, token: str, given: str) -> bool:
    """Whether a form was made for the session of `token`."""
    return is_from_here(request) and hmac.compare_digest(csrf_of(token).encode(), given.encode())


def came_by_tls(request: web.Request) -> bool:
    """Whether the browser speaks TLS, with us or with a proxy before us.

    Who forges the header only makes his own cookie stricter.
    """
    return request.secure or request.headers.get("X-Forwarded-Proto", "").lower() == "https"


def own_page(path: str) -> str:
    """`path` where it is one of the console's own pages, to go on to; else nothing."""
    is_page = path.startswith((f"{_PATH}/", f"{_PATH}?")) and "\\" not in path and path.isprintable()
    return path if is_page and not path.startswith((f"{_PATH}/login", f"{_PATH}/oidc")) else ""
