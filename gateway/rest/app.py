"""The REST application: every surface's routes, behind one chain of middlewares."""

import asyncio
import random
from collections.abc import Sequence
from typing import Protocol

from aiohttp import web
from aiohttp.typedefs import Handler

from domain.tracing import NO_TRACER, Tracer
from gateway.errors import OverloadedError, RateLimitedError
from gateway.rest.body import let_go
from gateway.rest.deadline import in_time
from gateway.rest.errors import error_middleware, surfaces
from gateway.rest.metrics import RequestMetrics, measured
from gateway.rest.oauth import oauth_error
from gateway.rest.od_v2.errors import flat_error
from gateway.rest.odp_errors import odp_renderer
from gateway.rest.refusals import refusal
from gateway.rest.request_id import request_id_middleware
from gateway.rest.tracing import traced

_SURFACES = {"/v1/customer/": "odp_v1", "/v2/": "od_v2", "/oauth/": "oauth"}
"""Path prefixes, and what their surface is called in the metrics; every other path is `portico`."""

DEADLINE = 75.0
"""Seconds: the body's, the confirm's and the longest wait for an outcome, together."""


_HELD_BACK = 0.5
"""Seconds, or half as long again; less than any Retry-After."""


class Surface(Protocol):
    """A REST dialect."""

    def routes(self) -> list[web.RouteDef]:
        """Its routes, whose templates are labels in the metrics."""


def rest_app(
    mounted: Sequence[Surface], metrics: RequestMetrics, tracer: Tracer = NO_TRACER
) -> web.Application:
    """An application that serves `mounted`; errors are answered in the dialect of their path."""
    surface_for = surfaces({"/v2": flat_error, "/oauth": oauth_error}, default=odp_renderer())
    app = web.Application(
        middlewares=[
            request_id_middleware,
            traced(tracer),
            measured(metrics, _SURFACES, "portico"),
            error_middleware(surface_for, refusal),
            _held_back,
            in_time(DEADLINE),
        ],
        client_max_size=0,
    )
    for surface in mounted:
        app.router.add_routes(surface.routes())
    return app


@web.middleware
async def _held_back(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Who is told to come later is told so a moment later.

    He has to wait longer than that anyway; and one who does not wait can ask no more often than his
    connections allow, where else his refusals alone would keep the process busy.
    """
    try:
        return await handler(request)
    except (RateLimitedError, OverloadedError) as refusal:
        async with let_go(request, refusal):
            # Not as long for everybody, or the rest of all that came at once would be read at once too.
            await asyncio.sleep(random.uniform(_HELD_BACK, 1.5 * _HELD_BACK))  # noqa: S311 - no secret
        raise
