"""What is counted of a spool."""

from prometheus_client import CollectorRegistry, Counter, Gauge

from domain.clock import Clock
from messaging.spool_file import SpoolFile


class SpoolMetrics:
    """The metrics of the one spool of a process, in the registry that it is given."""

    def __init__(self, registry: CollectorRegistry, file: SpoolFile, clock: Clock) -> None:
        """Register the metrics in `registry`; once per registry."""

        def age() -> float:
            at = file.stock.oldest_at
            return max(0, clock() - at) / 1000 if at else 0.0

        self.spooled = Counter(
            "portico_spool_spooled_messages", "Messages put into the spool.", registry=registry
        )
        self.forwarded = Counter(
            "portico_spool_forwarded_messages",
            "Messages from the spool that the broker confirmed.",
            registry=registry,
        )
        self.refused = Counter(
            "portico_spool_refused_messages",
            "Messages that the spool did not take: full (its bound) or disk.",
            ("reason",),
            registry=registry,
        )
        gauges = (
            ("messages", "Messages in the spool.", lambda: file.stock.messages),
            ("bytes", "Bytes that the messages in the spool take.", lambda: file.stock.bytes),
            ("bound_bytes", "Bytes that the spool takes.", lambda: file.max_bytes),
            ("oldest_seconds", "Age of the oldest message in the spool; 0 where it is empty.", age),
        )
        for name, words, value in gauges:
            Gauge(f"portico_spool_{name}", words, registry=registry).set_function(value)
        for reason in ("full", "disk"):
            self.refused.labels(reason)
