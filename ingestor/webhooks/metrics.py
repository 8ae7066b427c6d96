"""The metrics of webhooks, as one catalogue; none of them names an endpoint."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class WebhookMetrics:
    """Counters, gauges and histograms of one process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.relayed = Counter(
            "portico_webhooks_relayed",
            "Facts taken from outboxes, times the endpoints that want them.",
            registry=registry,
        )
        self.attempts = Counter(
            "portico_webhooks_attempts",
            "Attempts at a delivery: delivered or failed.",
            ["result"],
            registry=registry,
        )
        self.attempt_seconds = Histogram(
            "portico_webhooks_attempt_seconds",
            "Seconds that an attempt took, failed ones included.",
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
            registry=registry,
        )
        self.retried = Counter(
            "portico_webhooks_retried",
            "Attempts that were not a delivery's first.",
            registry=registry,
        )
        self.dead = Counter(
            "portico_webhooks_dead",
            "Deliveries that were given up and became dead letters.",
            registry=registry,
        )
        self.lag = Gauge(
            "portico_webhooks_lag_seconds",
            "Age of the oldest fact that waits for its delivery.",
            registry=registry,
        )
        self.seconds = Histogram(
            "portico_webhooks_delivery_seconds",
            "From the making of a fact to its delivery.",
            buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600, 3600, 86400),
            registry=registry,
        )
