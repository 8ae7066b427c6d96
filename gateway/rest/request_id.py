"""Request ids: the caller's `X-Request-Id` or a new one, echoed, and in every log line."""

import random
import re

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

HEADER = "X-Request-Id"
_SHAPE = re.compile(r"[\x21-\x7e]{1,128}")
_KEY = web.RequestKey("request_id", str)


def new_request_id() -> str:
    """An id for a request that brought none."""
    # No secret; to ask the system for one would let other threads have the interpreter.
    return f"req_{random.getrandbits(96):024x}"


def request_id_of(request: web.Request) -> str:
    """The id that `request_id_middleware` gave `request`."""
    return request[_KEY]


@web.middleware
async def request_id_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give the request its id; the outermost middleware.

    An id that is not 1 to 128 visible ASCII characters is replaced.
    """
    given = request.headers.get(HEADER, "")
    request_id = given if _SHAPE.fullmatch(given) else new_request_id()
    request[_KEY] = request_id
    # Never unbound: aiohttp handles each request in a task of its own, with a context of its own.
    structlog.contextvars.bind_contextvars(request_id=request_id)
    response = await handler(request)
    if not response.prepared:
        response.headers[HEADER] = request_id
    return response
