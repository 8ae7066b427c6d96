"""The nested error model of ODP v1 (contracts A.4), which is also the default of unknown paths."""

import orjson
from aiohttp import web

from domain.clock import Clock, from_millis, system_clock
from gateway.rest.errors import ApiError, Render

_STATUS = {415: 400}
"""Statuses that are in none of A's lists, and what is answered in their place."""


def odp_renderer(clock: Clock = system_clock) -> Render:
    """A renderer that always sends all five members of the model; `clock` gives its timestamp."""

    def render(error: ApiError, request_id: str) -> web.Response:
        body = {
            "error": {
                "code": error.code,
                "message": error.message,
                "details": error.details,
                "retryable": error.retryable,
                "timestamp": from_millis(clock()).isoformat(timespec="milliseconds")[:-6] + "Z",
            }
        }
        status = _STATUS.get(error.status, error.status)
        return web.Response(status=status, body=orjson.dumps(body), content_type="application/json")

    return render
