"""What every process of Portico has: the store, the queue, the operations, the metrics."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import structlog
from prometheus_client import CollectorRegistry

from cli.embedded_url import announced
from cli.errors import SettingError
from cli.keys import own_key
from cli.loyalty_parts import LoyaltyParts, loyalty_parts
from cli.settings import Settings
from contracts.operations import Operation
from contracts.registry import operations
from domain.clock import system_clock
from domain.ingestion_id import IngestionIds
from domain.ledger.book import LedgerBook
from domain.tracing import NO_TRACER, Tracer
from gateway.grpc.rendering import RENDERING
from gateway.rest.metrics import RequestMetrics
from messaging.amqp import AmqpQueue
from messaging.metered import MeteredQueue, QueueMetrics
from messaging.port import Queue
from messaging.sqlite import SqliteQueue
from storage.directory import EndpointDirectory
from storage.embedded import EmbeddedMongo
from storage.metrics import StoreMetrics
from storage.store import Store, open_store

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Base:
    """What the gateway and the ingestor share."""

    settings: Settings
    store: Store
    queue: MeteredQueue
    ids: IngestionIds
    operations: Mapping[str, Operation]
    registry: CollectorRegistry
    request_metrics: RequestMetrics
    queue_metrics: QueueMetrics
    tracer: Tracer
    loyalty: LoyaltyParts | None
    endpoints: EndpointDirectory
    ledger_book: LedgerBook


@asynccontextmanager
async def open_base(settings: Settings, *, embedded: bool, service: str = "portico") -> AsyncIterator[Base]:
    """The store and the queue; nothing is connected to before it is first used.

    `embedded` allows the parts that no setting names to be Portico's own; without it they are a
    SettingError. `service` is what the process is called in traces.
    """
    async with AsyncExitStack() as stack:
        # The last to be closed: what the others do while they end is in it.
        tracer = await stack.enter_async_context(_tracing(settings, service))
        if settings.mongodb_url is not None:
            url = settings.mongodb_url.get_secret_value()
        elif embedded:
            mongo = await stack.enter_async_context(EmbeddedMongo(settings.data_dir / "mongodb"))
            url = mongo.url
            stack.enter_context(announced(settings.data_dir / "mongodb", url))
            _log.info("embedded_mongodb_started", url=url, pid=mongo.pid)
        else:
            raise SettingError("PORTICO_MONGODB_URL is not set; `portico up` runs without it")
        registry = CollectorRegistry()
        queue_metrics = QueueMetrics(registry)
        store = open_store(
            url,
            name=settings.mongodb_database,
            driver=settings.mongodb_driver,
            prepare=False,
            phone_region=settings.phone_region,
            metrics=StoreMetrics(registry, tracer),
            rendering=RENDERING,
        )
        opened = await stack.enter_async_context(store)
        endpoints = await stack.enter_async_context(EndpointDirectory(opened.endpoints))
        yield Base(
            settings=settings,
            store=opened,
            queue=MeteredQueue(_queue(settings, embedded=embedded), "ingestions", queue_metrics),
            ids=IngestionIds(_ingestion_secret(settings, embedded=embedded)),
            operations=operations(settings.phone_region, strict_orders=settings.strict_orders),
            registry=registry,
            request_metrics=RequestMetrics(registry),
            queue_metrics=queue_metrics,
            tracer=tracer,
            loyalty=loyalty_parts(settings, opened, endpoints.subscribed),
            endpoints=endpoints,
            ledger_book=LedgerBook(system_clock),
        )


@asynccontextmanager
async def _tracing(settings: Settings, service: str) -> AsyncIterator[Tracer]:
    if settings.otlp_endpoint is None:
        yield NO_TRACER
        return
    from cli.telemetry import sending_spans  # noqa: PLC0415 - its libraries take a while, and only it needs them

    spans = sending_spans(settings.otlp_endpoint, service=service, ratio=settings.trace_sample_ratio)
    async with spans as tracer:
        yield tracer


def _queue(settings: Settings, *, embedded: bool) -> Queue:
    messages, size = settings.queue_max_messages, settings.queue_max_bytes
    if settings.amqp_url is not None:
        url = settings.amqp_url.get_secret_value()
        return AmqpQueue(url, name=settings.queue_name, max_messages=messages, max_bytes=size)
    if embedded:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        return SqliteQueue(settings.data_dir / "queue.sqlite", max_messages=messages, max_bytes=size)
    raise SettingError("PORTICO_AMQP_URL is not set; `portico up` runs without it")


def _ingestion_secret(settings: Settings, *, embedded: bool) -> bytes:
    if settings.ingestion_secret is not None:
        return settings.ingestion_secret.get_secret_value().encode()
    if embedded:
        return own_key(settings.data_dir, "ingestion.key")
    raise SettingError("PORTICO_INGESTION_SECRET is not set; `portico up` makes its own")
