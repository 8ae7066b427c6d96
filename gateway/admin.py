"""The admin port: health for orchestrators, metrics for Prometheus, and what operators are given."""

from collections.abc import Callable, Mapping, Sequence

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from domain.tracing import NO_TRACER, Tracer
from gateway.rest.admin.problems import operator_refusal, problem
from gateway.rest.app import Surface
from gateway.rest.errors import error_middleware, surfaces
from gateway.rest.metrics import RequestMetrics, measured
from gateway.rest.odp_errors import odp_renderer
from gateway.rest.request_id import request_id_middleware
from gateway.rest.tracing import traced

Check = Callable[[], bool]
"""Whether one part of the process is ready; answers at once, from what is known."""
Detail = Callable[[], str]
"""How one part of the process stands, in a word, where that is more than ready or not."""

_SURFACES = {"/admin/": "admin", "/console": "console"}
"""Path prefixes, and what their surface is called in the metrics; every other path is `probe`."""

_PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
"""Routes that are asked every few seconds; no trace of theirs is worth keeping."""


def admin_app(
    checks: Mapping[str, Check],
    details: Mapping[str, Detail],
    registry: CollectorRegistry,
    requests: RequestMetrics,
    mounted: Sequence[Surface] = (),
    tracer: Tracer = NO_TRACER,
) -> web.Application:
    """`/healthz`: the process answers. `/readyz`: every one of `checks` holds, else 503 and which
    one does not; with the words of `details`. `/metrics`: `registry` in Prometheus' text format.
    `requests` counts all of them. `mounted` knows who asks; these three do not."""

    async def healthz(_: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def readyz(_: web.Request) -> web.Response:
        parts = {name: check() for name, check in checks.items()}
        ready = all(parts.values())
        body: dict[str, object] = {"status": "ready" if ready else "not ready", "parts": parts}
        if details:
            body["details"] = {name: word() for name, word in details.items()}
        return web.json_response(body, status=200 if ready else 503)

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    surface_for = surfaces({"/admin": problem}, default=odp_renderer())
    app = web.Application(
        middlewares=[
            request_id_middleware,
            traced(tracer, _PROBES),
            measured(requests, _SURFACES, "probe"),
            error_middleware(surface_for, operator_refusal),
        ]
    )
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)
    for surface in mounted:
        app.router.add_routes(surface.routes())
    return app
