"""The ingestor's metrics, as one catalogue."""

from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from domain.receipts import DeadLetter
from domain.records import Outcome


class IngestorMetrics:
    """Counters, gauges and histograms of one ingestor process."""

    def __init__(self, registry: CollectorRegistry, operations: Iterable[str]) -> None:
        """`operations` are the known ones; any other counts as `unknown`, so labels are bounded."""
        self._operations = frozenset(operations)
        self.records = Counter(
            "portico_ingestor_records",
            "Records that reached their outcome.",
            ["operation", "outcome"],
            registry=registry,
        )
        self.dead_letters = Counter(
            "portico_ingestor_dead_letters",
            "Dead letters written, by reason.",
            ["operation", "stage", "code"],
            registry=registry,
        )
        self.repeated = Counter(
            "portico_ingestor_repeated_ingestions",
            "Ingestions that had their receipt already.",
            ["operation"],
            registry=registry,
        )
        self.deliveries = Counter(
            "portico_ingestor_deliveries",
            "Messages taken from the queue.",
            ["redelivered"],
            registry=registry,
        )
        self.transient_failures = Counter(
            "portico_ingestor_transient_failures",
            "Times that work was held because the store was away or contended.",
            registry=registry,
        )
        self.in_hand = Gauge(
            "portico_ingestor_deliveries_in_hand",
            "Messages taken and not settled yet.",
            registry=registry,
        )
        self.batch_seconds = Histogram(
            "portico_ingestor_batch_seconds",
            "From taking messages to having settled them.",
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
            registry=registry,
        )

    def count_outcomes(self, counts: Mapping[tuple[str, Outcome], int]) -> None:
        """Add counts by (operation, outcome)."""
        for (operation, outcome), count in counts.items():
            if count:
                self.records.labels(self._known(operation), outcome).inc(count)

    def count_dead(self, letters: Iterable[DeadLetter]) -> None:
        """Add dead letters, by operation, stage and reason code."""
        for letter in letters:
            self.dead_letters.labels(self._known(letter.operation), letter.stage, letter.code).inc()

    def count_repeated(self, operation: str) -> None:
        """Add one ingestion that had its receipt already."""
        self.repeated.labels(self._known(operation)).inc()

    def _known(self, operation: str) -> str:
        return operation if operation in self._operations else "unknown"
