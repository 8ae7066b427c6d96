"""What the gateway counts of the ingestions that it accepts.

Labels are names of operations alone: never anything that a caller wrote freely. Requests are
counted by `gateway.rest.metrics`, and publishes by `messaging.metered`.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SIZES = (1, 2, 4, 8, 16, 32, 64, 128)


class GatewayMetrics:
    """The metrics of accepting, in the registry that it is given."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register the metrics in `registry`; once per registry."""
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
        self.group_size = Histogram(
            "portico_gateway_group_commit_ingestions",
            "Ingestions that shared one message.",
            buckets=_SIZES,
            registry=registry,
        )
        self._accepted: dict[str, tuple[Counter, Counter, Counter]] = {}
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

    def count_accepted(self, operation: str, records: int, size: int) -> None:
        """One ingestion of `records` records and `size` body bytes was confirmed."""
        # Kept: to look series up by their labels takes longer than to count.
        series = self._accepted.get(operation)
        if series is None:
            counters = (self._ingestions, self._records, self._bytes)
            ingestions, bodies, sizes = (one.labels(operation) for one in counters)
            series = self._accepted[operation] = (ingestions, bodies, sizes)
        series[0].inc()
        series[1].inc(records)
        series[2].inc(size)
