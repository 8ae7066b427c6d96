"""`/docs`: one page in which a person reads and tries the operations of every surface.

The page is Swagger UI, served from the files of the installed package `offapi`, with a few lines of
our own. A strict content security policy keeps all that it loads and asks for on this host.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from importlib.metadata import distribution
from pathlib import Path
from string import Template

from aiohttp import web

PATH = "/docs"

_OWN = Path(__file__).with_name("static")
_POLICY = {
    # Swagger UI draws its icons from data: URLs; no script or style stands in the page itself.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}


@dataclass(frozen=True, slots=True)
class Document:
    """One surface's OpenAPI document."""

    name: str
    """What the selector shows."""
    path: str
    """Where this server has it, such as `/v1/customer/openapi.json`."""


class ExplorerSurface:
    """The page and the files that it loads; public, as the documents are."""

    def __init__(self, documents: Sequence[Document]) -> None:
        """`documents`: in the order in which the selector shows them. Raises PackageNotFoundError."""
        template = Template((_OWN / "explorer.html").read_text(encoding="utf-8"))
        self._page = template.substitute(documents="\n".join(map(_link, documents)))
        self._files = {
            "explorer.css": _OWN / "explorer.css",
            "explorer.js": _OWN / "explorer.js",
            "swagger-ui.css": _packaged("swagger_style.css"),
            "swagger-ui-bundle.js": _packaged("swagger_bundle.js"),
            "swagger-ui-standalone-preset.js": _packaged("swagger_preset.js"),
        }

    def routes(self) -> list[web.RouteDef]:
        """The page, and the files below it."""
        return [
            web.get(PATH, self.page, name="explorer"),
            web.get(f"{PATH}/", self.without_slash, name="explorerSlash"),
            web.get(f"{PATH}/{{file}}", self.file, name="explorerFile"),
        ]

    async def page(self, _: web.Request) -> web.Response:
        """The page."""
        return web.Response(text=self._page, content_type="text/html", headers=_POLICY)

    async def without_slash(self, _: web.Request) -> web.Response:
        """Where the page is: what it loads is named relative to that."""
        return web.Response(status=308, headers={"Location": f"..{PATH}"})

    async def file(self, request: web.Request) -> web.StreamResponse:
        """One of the files that the page loads; raises HTTPNotFound for any other."""
        path = self._files.get(request.match_info["file"])
        if path is None:
            raise web.HTTPNotFound
        return web.FileResponse(path, headers=_POLICY)


def _link(document: Document) -> str:
    """RFC 8631: a description of the service for machines, named relative to the page."""
    title, href = escape(document.name), escape(document.path.removeprefix("/"))
    return f'    <link rel="service-desc" title="{title}" href="{href}">'


def _packaged(file: str) -> Path:
    # Importing the package would read all that it has into memory.
    return Path(str(distribution("offapi").locate_file(f"offapi/{file}")))
