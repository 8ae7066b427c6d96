"""Templates to responses. Everything that a template is given is escaped; no script stands in a page."""

import re
from collections.abc import Mapping
from typing import Any

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

from contracts.admin.views import DID, WOULD
from domain.clock import from_millis

_DIGEST = re.compile(r"\b[0-9a-f]{64}\b")
POLICY = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}
"""What every answer of the console says to browsers."""


def led_to(path: str) -> web.Response:
    """An answer that leads to the page at `path`."""
    return web.Response(status=303, headers={**POLICY, "Location": path})


class _Html(str):
    """Text that templates take as it is."""

    __slots__ = ()

    def __html__(self) -> str:
        return self


class Renderer:
    """The templates of the console."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=PackageLoader("gateway.console"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters |= {"time": _time, "short": _short, "sentence": _sentence}
        self._environment.globals |= {"did": _named(DID), "would": _named(WOULD)}

    def page(self, template: str, *, status: int = 200, **values: Any) -> web.Response:
        """A page."""
        text = self._environment.get_template(template).render(values, status=status)
        return web.Response(text=text, status=status, content_type="text/html", headers=POLICY)


def _named(words: Mapping[Any, str]) -> Mapping[str, str]:
    return {outcome.value: word for outcome, word in words.items()}


def _short(text: str) -> str:
    """`text` with the first digits alone of each SHA-256 in it."""
    return _DIGEST.sub(lambda found: found[0][:12], text)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _time(millis: int | None) -> str:
    """A time in UTC, to the second, which says so; a dash where there is none."""
    if millis is None:
        return "\u2013"
    moment = from_millis(millis)
    return _Html(
        f'<time datetime="{moment:%Y-%m-%dT%H:%M:%SZ}">{moment:%Y-%m-%d %H:%M:%S}'
        ' <span class="zone">UTC</span></time>'
    )
