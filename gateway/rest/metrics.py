"""What is counted of every HTTP request, of whatever surface: rate, errors, duration.

Labels are names of ours alone: surfaces, route templates, status classes, error codes; never a raw
path, a tenant, or anything else that a caller wrote.
"""

import time
from collections.abc import Callable, Mapping
from http import HTTPStatus

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

LATENCIES = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
"""Upper bounds in seconds, up to the longest wait for an outcome."""

ERROR_CODE = web.RequestKey("error_code", str)
"""Set on a request that is answered with an error: its stable code."""

_CODES = {one.value: one.name for one in HTTPStatus if one >= HTTPStatus.BAD_REQUEST}
"""What stands for an error that has no code of its own, by the HTTP status."""

NO_ROUTE = "none"
"""The route of a request that no surface has one for."""
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class RequestMetrics:
    """The metrics of HTTP requests, in the registry that it is given."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register the metrics in `registry`; once per registry."""
        self._requests = Counter(
            "portico_http_requests",
            "Requests answered, by status class.",
            ("surface", "method", "route", "status"),
            registry=registry,
        )
        self._seconds = Histogram(
            "portico_http_request_seconds",
            "Seconds from a request's headers to its answer.",
            ("surface", "method", "route"),
            buckets=LATENCIES,
            registry=registry,
        )
        self._errors = Counter(
            "portico_http_errors",
            "Requests answered with an error, by its code.",
            ("surface", "code"),
            registry=registry,
        )
        self._in_flight = Gauge(
            "portico_http_in_flight_requests", "Requests being served.", ("surface",), registry=registry
        )

        self._known: dict[tuple[str, str, str], Callable[[int, float], None]] = {}

    def in_flight(self, surface: str) -> Gauge:
        """How many requests of `surface` are being served."""
        return self._in_flight.labels(surface)

    def answered(self, surface: str, request: web.Request, status: int, seconds: float) -> None:
        """A request was answered with HTTP `status`, `seconds` after it came."""
        method = request.method if request.method in _METHODS else "other"
        series = (surface, method, route_of(request))
        # Kept: to look series up by their labels takes longer than to count.
        count = self._known.get(series)
        if count is None:
            count = self._known[series] = self._counter(*series)
        count(status // 100, seconds)
        if status < HTTPStatus.BAD_REQUEST:
            return
        # A page says in words what is wrong, and has no code of its own.
        if (code := request.get(ERROR_CODE) or _CODES.get(status)) is not None:
            self._errors.labels(surface, code).inc()

    def _counter(self, *series: str) -> Callable[[int, float], None]:
        observe = self._seconds.labels(*series).observe
        classes: dict[int, Callable[[], None]] = {}

        def count(status_class: int, seconds: float) -> None:
            if status_class not in classes:
                classes[status_class] = self._requests.labels(*series, f"{status_class}xx").inc
            classes[status_class]()
            observe(seconds)

        return count


def route_of(request: web.Request) -> str:
    """The template of the route that `request` took, such as `/v2/customers/{id}`."""
    resource = request.match_info.route.resource
    return NO_ROUTE if resource is None else resource.canonical


def surface_of(path: str, prefixes: Mapping[str, str], default: str) -> str:
    """What the metrics call the surface of `path`: that of the prefix it is below."""
    for prefix, name in prefixes.items():
        if path.startswith(prefix):
            return name
    return default


def measured(metrics: RequestMetrics, prefixes: Mapping[str, str], default: str) -> Middleware:
    """Counts and times every request. `prefixes` of paths name the surfaces; any other is `default`."""
    gauges = {name: metrics.in_flight(name) for name in (*prefixes.values(), default)}

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        surface = surface_of(request.path, prefixes, default)
        started, status = time.monotonic(), 499  # unless told: the server stopped, or the client left
        gauges[surface].inc()
        try:
            response = await handler(request)
            status = response.status
            return response
        except web.HTTPException as redirect:
            status = redirect.status
            raise
        finally:
            gauges[surface].dec()
            metrics.answered(surface, request, status, time.monotonic() - started)

    return middleware
