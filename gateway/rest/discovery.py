"""`/.well-known/opendelivery`: what this participant really serves (contracts A.6)."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from gateway.rest.answers import json_response
from gateway.rest.errors import ApiError

PATH = "/.well-known/opendelivery"


class DiscoverySurface:
    """The discovery document, public and readable by browsers of any origin."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = dict(document)

    def routes(self) -> list[web.RouteDef]:
        """The document and its CORS preflight."""
        return [
            web.get(PATH, self.get, name="discovery"),
            web.options(PATH, self.preflight, name="discoveryPreflight"),
        ]

    async def get(self, request: web.Request) -> web.Response:
        """The document; 406 where the client takes no JSON."""
        if not _takes_json(", ".join(request.headers.getall("Accept", []))):
            raise ApiError(406, "NOT_ACCEPTABLE", "this document is application/json")
        response = json_response(self._document)
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Cache-Control"] = "public, max-age=60"
        response.headers["Vary"] = "Accept"
        return response

    async def preflight(self, _: web.Request) -> web.Response:
        """What a browser asks before it reads."""
        return web.Response(
            status=204,
            headers={
                "Access-Control-Allow-Origin": "*",
                "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
                "Access-Control-Allow-Headers": "Accept, X-Request-Id",
                "Access-Control-Max-Age": "86400",
            },
        )


def _takes_json(accept: str) -> bool:
    """Whether `Accept` (RFC 9110 §12.5.1) leaves room for application/json."""
    best: tuple[int, bool] = (-1, not accept.strip())
    for part in accept.lower().split(","):
        media_range, *parameters = (piece.strip() for piece in part.split(";"))
        specificity = _SPECIFICITY.get(media_range)
        if specificity is not None and specificity > best[0]:
            refused = any(parameter.replace(" ", "") in _ZERO for parameter in parameters)
            best = (specificity, not refused)
    return best[1]


_SPECIFICITY = {"*/*": 0, "application/*": 1, "application/json": 2}
_ZERO = frozenset({"q=0", "q=0.0", "q=0.00", "q=0.000"})
