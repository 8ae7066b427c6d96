"""The Prometheus metrics of gRPC, in one catalogue.

Labels are methods of our own services and status codes: never anything that a caller wrote.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from google.protobuf.message import Message
from grpc import StatusCode
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from gateway.grpc.rendering import Sent

_LATENCIES = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Served:
    """How a call ended, to be told before it is over."""

    code = StatusCode.CANCELLED
    """What it is unless told: the caller left, or the server stopped."""


class GrpcMetrics:
    """Every metric of gRPC, in the registry that it is given."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register the metrics in `registry`; once per registry."""
        self._calls = Counter(
            "portico_grpc_calls",
            "Calls answered.",
            ("method", "code"),
            registry=registry,
        )
        self._call_seconds = Histogram(
            "portico_grpc_call_seconds",
            "Seconds from a call's start to its end.",
            ("method",),
            buckets=_LATENCIES,
            registry=registry,
        )
        self._in_flight = Gauge("portico_grpc_in_flight_calls", "Calls being served.", registry=registry)
        self._streamed = Counter(
            "portico_grpc_streamed_records",
            "Records sent in streams.",
            ("method",),
            registry=registry,
        )

    @contextmanager
    def call(self, method: str) -> Iterator[Served]:
        """A call of the full method name `method`, from its start to its end."""
        served, began = Served(), time.monotonic()
        self._in_flight.inc()
        try:
            yield served
        finally:
            self._in_flight.dec()
            self._calls.labels(method, served.code.name).inc()
            self._call_seconds.labels(method).observe(time.monotonic() - began)

    def streamed(self, method: str, response: Message | Sent) -> None:
        """One message of a stream was sent; its repeated fields hold the records."""
        if isinstance(response, Sent):
            records = response.records
        else:
            records = sum(len(value) for field, value in response.ListFields() if field.is_repeated)
        self._streamed.labels(method).inc(records)
