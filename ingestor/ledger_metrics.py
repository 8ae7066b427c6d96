"""The ledger's metrics: gauges for the whole installation, shown by the one ingestor that keeps the books."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, Gauge

from domain.ledger.rows import Balance

_LABELS = ("tenant", "operation")


class LedgerMetrics:
    """What was accepted in the last 24 hours, and what became of it."""

    def __init__(self, registry: CollectorRegistry, operations: Iterable[str]) -> None:
        """`operations` are the known ones; any other counts as `unknown`, so labels are bounded."""
        self._operations = frozenset(operations)
        self._accepted = Gauge(
            "portico_ledger_accepted_records",
            "Records accepted in the last 24 hours, repeats left out.",
            _LABELS,
            registry=registry,
        )
        self._outcomes = Gauge(
            "portico_ledger_outcome_records",
            "Of the accepted records, those that reached their outcome.",
            (*_LABELS, "outcome"),
            registry=registry,
        )
        self._in_flight = Gauge(
            "portico_ledger_in_flight_records",
            "Of the accepted records, those on their way to an outcome.",
            _LABELS,
            registry=registry,
        )
        self._unexplained = Gauge(
            "portico_ledger_unexplained_records",
            "Of the accepted records, those without outcome that are not on their way: an alarm.",
            _LABELS,
            registry=registry,
        )

    def show(self, totals: Mapping[tuple[str, str], Balance]) -> None:
        """Show `totals` by (tenant, operation), and nothing of what was shown before."""
        self.clear()
        known: defaultdict[tuple[str, str], Balance] = defaultdict(Balance)
        for (tenant, operation), balance in totals.items():
            known[tenant, operation if operation in self._operations else "unknown"] += balance
        for labels, balance in known.items():
            self._accepted.labels(*labels).set(balance.accepted)
            self._in_flight.labels(*labels).set(balance.in_flight)
            self._unexplained.labels(*labels).set(balance.unexplained)
            for outcome, count in balance.outcomes.items():
                self._outcomes.labels(*labels, outcome).set(count)

    def clear(self) -> None:
        """Show nothing: somebody else keeps the books."""
        for gauge in (self._accepted, self._outcomes, self._in_flight, self._unexplained):
            gauge.clear()
