"""The gateway's Prometheus metrics, in one catalogue.

Labels are operation names, surfaces and status classes: never a raw path, never
anything that a caller wrote freely.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_LATENCIES = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128)


class GatewayMetrics:
    """Every metric that the gateway keeps, in the registry that it is given."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register the metrics in `registry`; once per registry."""
        self._requests = Counter(
            "portico_gateway_requests",
            "Requests answered.",
            ("surface", "operation", "status"),
            registry=registry,
        )
        self._request_seconds = Histogram(
            "portico_gateway_request_seconds",
            "Seconds from a request's headers to its answer.",
            ("surface", "operation"),
            buckets=_LATENCIES,
            registry=registry,
        )
        self._ingestions = Counter(
            "portico_gateway_accepted_ingestions",
            "Ingestions that the queue confirmed.",
            ("operation",),
            registry=registry,
        )
        self._records = Counter(
            "portico_gateway_accepted_records",
            "Records in the ingestions that the queue confirmed.",
            ("operation",),
            registry=registry,
        )
        self._bytes = Counter(
            "portico_gateway_accepted_bytes",
            "Body bytes of the ingestions that the queue confirmed.",
            ("operation",),
            registry=registry,
        )
        self.publish_seconds = Histogram(
            "portico_gateway_publish_seconds",
            "Seconds from sending a message to the queue's confirm.",
            buckets=_LATENCIES,
            registry=registry,
        )
        self.publish_failures = Counter(
            "portico_gateway_publish_failures",
            "Messages that the queue did not confirm.",
            registry=registry,
        )
        self.group_size = Histogram(
            "portico_gateway_group_commit_ingestions",
            "Ingestions that shared one message.",
            buckets=_SIZES,
            registry=registry,
        )
        self.ingestions_in_flight = Gauge(
            "portico_gateway_in_flight_ingestions",
            "Ingestions that wait for the queue's confirm.",
            registry=registry,
        )
        self.bytes_in_flight = Gauge(
            "portico_gateway_in_flight_bytes",
            "Body bytes that wait for the queue's confirm.",
            registry=registry,
        )

    def answered(self, surface: str, operation: str, status: int, seconds: float) -> None:
        """One request was answered with HTTP `status`, `seconds` after it came."""
        self._requests.labels(surface, operation, f"{status // 100}xx").inc()
        self._request_seconds.labels(surface, operation).observe(seconds)

    def count_accepted(self, operation: str, records: int, size: int) -> None:
        """One ingestion of `records` records and `size` body bytes was confirmed."""
        self._ingestions.labels(operation).inc()
        self._records.labels(operation).inc(records)
        self._bytes.labels(operation).inc(size)
