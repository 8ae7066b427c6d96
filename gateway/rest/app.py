"""The REST application: every surface's routes, behind one chain of middlewares."""

import asyncio
import time
from collections.abc import Sequence
from typing import Protocol

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from domain.errors import TransientError
from gateway.metrics import GatewayMetrics
from gateway.rest.errors import error_middleware, surfaces
from gateway.rest.od_v2.errors import flat_error
from gateway.rest.odp_errors import odp_renderer
from gateway.rest.refusals import refusal
from gateway.rest.request_id import request_id_middleware

_SURFACES = {"/v1/customer": "odp_v1", "/v2": "od_v2", "/oauth": "oauth"}
"""Path prefixes, and what their surface is called in the metrics; every other path is `portico`."""


DEADLINE = 75.0
"""Seconds: the body's, the confirm's and the longest wait for an outcome, together."""


class DeadlineError(TransientError):
    """The request was not answered in time."""


class Surface(Protocol):
    """A REST dialect."""

    def routes(self) -> list[web.RouteDef]:
        """Its routes, each with a name, which is its operation in the metrics."""


def rest_app(mounted: Sequence[Surface], metrics: GatewayMetrics) -> web.Application:
    """An application that serves `mounted`; errors are answered in the dialect of their path."""
    surface_for = surfaces({"/v2": flat_error}, default=odp_renderer())
    app = web.Application(
        middlewares=[
            request_id_middleware,
            _measured(metrics),
            error_middleware(surface_for, refusal),
            _in_time,
        ],
        client_max_size=0,
    )
    for surface in mounted:
        app.router.add_routes(surface.routes())
    return app


@web.middleware
async def _in_time(request: web.Request, handler: Handler) -> web.StreamResponse:
    """One deadline a request, whatever hangs behind it (design §7)."""
    try:
        async with asyncio.timeout(DEADLINE):
            return await handler(request)
    except TimeoutError as error:
        raise DeadlineError("no answer in time") from error


def _measured(metrics: GatewayMetrics) -> Middleware:
    """Counts and times every request by its route's name, never by its path."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        started = time.monotonic()
        response = await handler(request)
        resource = request.match_info.route.resource
        operation = resource.name if resource is not None and resource.name else "unknown"
        seconds = time.monotonic() - started
        metrics.answered(_surface(request.path), operation, response.status, seconds)
        return response

    return middleware


def _surface(path: str) -> str:
    return next((name for prefix, name in _SURFACES.items() if path.startswith(prefix + "/")), "portico")
