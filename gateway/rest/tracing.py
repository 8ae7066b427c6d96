"""The trace of a request: continued from the caller's `traceparent`, in every log line, handed on."""

from collections.abc import Collection

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from domain.tracing import TRACEPARENT, Kind, Tracer, trace_id_of, traceparent_of
from gateway.rest.metrics import ERROR_CODE, NO_ROUTE, route_of

_TRACE = web.RequestKey("traceparent", str)


def trace_of(request: web.Request) -> str:
    """The `traceparent` that what `request` causes continues; empty where there is none."""
    found: str = request.get(_TRACE, "")
    return found


def traced(tracer: Tracer, untraced: Collection[str] = ()) -> Middleware:
    """Makes a span of every request, except on the routes `untraced`.

    Where `tracer` records nothing, the caller's trace is passed on all the same.
    """

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = traceparent_of(request.headers.get(TRACEPARENT))
        if not tracer.on:
            if given:
                _enter(request, given)
            else:
                request[_TRACE] = ""
            return await handler(request)
        route = route_of(request)
        if route in untraced:
            return await handler(request)
        name = request.method if route == NO_ROUTE else f"{request.method} {route}"
        attributes = {"http.request.method": request.method, "http.route": route}
        with tracer.span(name, Kind.SERVER, parent=given, attributes=attributes) as span:
            _enter(request, span.traceparent)
            try:
                response: web.StreamResponse = await handler(request)
            except web.HTTPException as redirect:
                span.note("http.response.status_code", redirect.status)
                span.ended()
                raise
            span.note("http.response.status_code", response.status)
            span.ended(request.get(ERROR_CODE, str(response.status)) if response.status >= 500 else "")
            return response

    return middleware


def _enter(request: web.Request, traceparent: str) -> None:
    request[_TRACE] = traceparent
    # Never unbound: aiohttp handles each request in a task of its own, with a context of its own.
    structlog.contextvars.bind_contextvars(trace_id=trace_id_of(traceparent))
