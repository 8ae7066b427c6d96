"""What is counted of the store, as the driver tells it: every command, the pool, and whether it answers.

The driver calls from whatever thread a command ends on. Labels are names of our collections, of
commands and of the server's errors: never a value, and never a text of the server's.
"""

from collections.abc import Sequence
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from pymongo import monitoring

from domain.tracing import NO_TRACER, Kind, Tracer

_LATENCIES = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_NO_COLLECTION = "none"


class StoreMetrics:
    """The metrics of a process's store, in the registry that it is given."""

    def __init__(self, registry: CollectorRegistry, tracer: Tracer = NO_TRACER) -> None:
        """Register the metrics in `registry`; once per registry. Commands that serve a trace of
        `tracer` are spans of it.
        """
        self.tracer = tracer
        self.seconds = Histogram(
            "portico_store_command_seconds",
            "Seconds that a command took, failed ones included.",
            ("collection", "command"),
            buckets=_LATENCIES,
            registry=registry,
        )
        self.failures = Counter(
            "portico_store_command_failures",
            "Commands that failed, by the server's name for it, or what broke on the way.",
            ("collection", "command", "reason"),
            registry=registry,
        )
        self.connections = Gauge("portico_store_connections", "Connections in the pool.", registry=registry)
        self.in_use = Gauge("portico_store_connections_in_use", "Connections in use.", registry=registry)
        self.waits = Histogram(
            "portico_store_connection_wait_seconds",
            "Seconds until a command had its connection.",
            buckets=_LATENCIES,
            registry=registry,
        )
        self.refused = Counter(
            "portico_store_connection_failures",
            "Times that there was no connection to be had, by reason.",
            ("reason",),
            registry=registry,
        )
        self.up = Gauge("portico_store_up", "Whether a server answered its last check.", registry=registry)

    def listeners(self) -> Sequence[Any]:
        """What is handed to the driver's client."""
        return [_Commands(self), _Pool(self), _Servers(self)]


class _Commands(monitoring.CommandListener):
    def __init__(self, metrics: StoreMetrics) -> None:
        self._metrics = metrics
        self._collections: dict[tuple[Any, int], str] = {}

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        name = event.command.get("collection" if event.command_name == "getMore" else event.command_name)
        self._collections[event.connection_id, event.request_id] = (
            name if isinstance(name, str) else _NO_COLLECTION
        )

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        self._ended(event, "")

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        reason = str(event.failure.get("codeName") or event.failure.get("errtype") or "unknown")
        self._metrics.failures.labels(self._ended(event, reason), event.command_name, reason).inc()

    def _ended(
        self, event: monitoring.CommandSucceededEvent | monitoring.CommandFailedEvent, fault: str
    ) -> str:
        collection = self._collections.pop((event.connection_id, event.request_id), _NO_COLLECTION)
        seconds = event.duration_micros / 1_000_000
        self._metrics.seconds.labels(collection, event.command_name).observe(seconds)
        if self._metrics.tracer.on:
            attributes = {
                "db.system.name": "mongodb",
                "db.operation.name": event.command_name,
                "db.collection.name": collection,
            }
            name = f"{event.command_name} {collection}"
            self._metrics.tracer.record(
                name, Kind.CLIENT, seconds=seconds, attributes=attributes, fault=fault
            )
        return collection


class _Pool(monitoring.ConnectionPoolListener):
    def __init__(self, metrics: StoreMetrics) -> None:
        self._metrics = metrics

    def connection_created(self, event: monitoring.ConnectionCreatedEvent) -> None:
        self._metrics.connections.inc()

    def connection_closed(self, event: monitoring.ConnectionClosedEvent) -> None:
        self._metrics.connections.dec()

    def connection_checked_out(self, event: monitoring.ConnectionCheckedOutEvent) -> None:
        self._metrics.in_use.inc()
        self._metrics.waits.observe(event.duration or 0)

    def connection_checked_in(self, event: monitoring.ConnectionCheckedInEvent) -> None:
        self._metrics.in_use.dec()

    def connection_check_out_failed(self, event: monitoring.ConnectionCheckOutFailedEvent) -> None:
        self._metrics.refused.labels(event.reason).inc()

    # What else there is to tell of a pool changes no figure here.
    def pool_created(self, event: monitoring.PoolCreatedEvent) -> None: ...
    def pool_ready(self, event: monitoring.PoolReadyEvent) -> None: ...
    def pool_cleared(self, event: monitoring.PoolClearedEvent) -> None: ...
    def pool_closed(self, event: monitoring.PoolClosedEvent) -> None: ...
    def connection_ready(self, event: monitoring.ConnectionReadyEvent) -> None: ...
    def connection_check_out_started(self, event: monitoring.ConnectionCheckOutStartedEvent) -> None: ...


class _Servers(monitoring.ServerHeartbeatListener):
    def __init__(self, metrics: StoreMetrics) -> None:
        self._metrics = metrics
        self._answering: set[Any] = set()

    def started(self, event: monitoring.ServerHeartbeatStartedEvent) -> None:
        """Nothing is known yet."""

    def succeeded(self, event: monitoring.ServerHeartbeatSucceededEvent) -> None:
        self._answering.add(event.connection_id)
        self._metrics.up.set(1)

    def failed(self, event: monitoring.ServerHeartbeatFailedEvent) -> None:
        self._answering.discard(event.connection_id)
        self._metrics.up.set(1 if self._answering else 0)
