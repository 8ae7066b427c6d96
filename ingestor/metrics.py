"""The ingestor's metrics, as one catalogue."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from domain.clock import system_clock
from domain.receipts import DeadLetter, Receipt
from domain.records import Outcome

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class IngestorMetrics:
    """Counters, gauges and histograms of one ingestor process."""

    def __init__(self, registry: CollectorRegistry, operations: Iterable[str]) -> None:
        """`operations` are the known ones; any other counts as `unknown`, so labels are bounded."""
        self._operations = frozenset(operations)
        self._in_work: dict[object, int] = {}
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
        self.apply_seconds = Histogram(
            "portico_ingestor_apply_seconds",
            "From having decoded the records of a batch to having stored them, and what follows from them.",
            buckets=_SECONDS,
            registry=registry,
        )
        self.batch_records = Histogram(
            "portico_ingestor_batch_records",
            "Records that were applied together.",
            buckets=(1, 10, 50, 100, 500, 1000, 5000, 10_000),
            registry=registry,
        )
        self.ingestion_seconds = Histogram(
            "portico_ingestor_ingestion_seconds",
            "From the acceptance of an ingestion to its receipt.",
            ["operation"],
            buckets=(*_SECONDS, 60, 300, 1800, 7200),
            registry=registry,
        )
        self.lag = Gauge(
            "portico_ingestor_lag_seconds",
            "Age of the oldest ingestion in work; 0 where there is none.",
            registry=registry,
        )
        self.lag.set_function(self._oldest_age)
        self.in_hand = Gauge(
            "portico_ingestor_deliveries_in_hand",
            "Messages taken and not settled yet.",
            registry=registry,
        )
        self.batch_seconds = Histogram(
            "portico_ingestor_batch_seconds",
            "From taking messages to having settled them.",
            buckets=_SECONDS,
            registry=registry,
        )

        self.breaker_open = Gauge(
            "portico_ingestor_breaker_open",
            "1 while the breaker lets nothing, or one message alone, be taken from the queue.",
            registry=registry,
        )
        self.breaker_trips = Counter(
            "portico_ingestor_breaker_trips",
            "Times that the breaker opened, as too many records became dead letters.",
            registry=registry,
        )

    def count_outcomes(self, counts: Mapping[tuple[str, Outcome], int]) -> None:
        """Add counts by (operation, outcome)."""
        for (operation, outcome), count in counts.items():
            if count:
                self.records.labels(self._known(operation), outcome).inc(count)

    @contextmanager
    def working(self, accepted_at: Iterable[int]) -> Iterator[None]:
        """Ingestions that were accepted at these times, in ms since the epoch, are in work; 0: unknown."""
        batch, known = object(), [at for at in accepted_at if at]
        if known:
            self._in_work[batch] = min(known)
        try:
            yield
        finally:
            self._in_work.pop(batch, None)

    def _oldest_age(self) -> float:
        return max(0, system_clock() - min(self._in_work.values())) / 1000 if self._in_work else 0.0

    def count_done(self, receipt: Receipt) -> None:
        """One ingestion has its receipt."""
        seconds = max(0, receipt.done_at - receipt.accepted_at) / 1000
        self.ingestion_seconds.labels(self._known(receipt.operation)).observe(seconds)

    def count_dead(self, letters: Iterable[DeadLetter]) -> None:
        """Add dead letters, by operation, stage and reason code."""
        for letter in letters:
            self.dead_letters.labels(self._known(letter.operation), letter.stage, letter.code).inc()

    def count_repeated(self, operation: str) -> None:
        """Add one ingestion that had its receipt already."""
        self.repeated.labels(self._known(operation)).inc()

    def _known(self, operation: str) -> str:
        return operation if operation in self._operations else "unknown"
