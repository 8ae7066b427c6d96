"""The admin port: health for orchestrators, metrics for Prometheus."""

from collections.abc import Callable, Mapping

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

Check = Callable[[], bool]
"""Whether one part of the process is ready; answers at once, from what is known."""


def admin_app(checks: Mapping[str, Check], registry: CollectorRegistry) -> web.Application:
    """`/healthz`: the process answers. `/readyz`: every one of `checks` holds, else 503 and which
    one does not. `/metrics`: `registry` in Prometheus' text format."""

    async def healthz(_: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def readyz(_: web.Request) -> web.Response:
        parts = {name: check() for name, check in checks.items()}
        ready = all(parts.values())
        body = {"status": "ready" if ready else "not ready", "parts": parts}
        return web.json_response(body, status=200 if ready else 503)

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)
    return app
