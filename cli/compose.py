"""The wiring: from settings to running parts, each handed what it needs."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import structlog
from prometheus_client import CollectorRegistry

from cli.embedded_url import announced
from cli.errors import ListenError, SettingError
from cli.keys import own_key
from cli.loyalty_parts import LoyaltyParts, loyalty_parts
from cli.settings import Settings
from cli.tls import read_certificate
from contracts.od_v2.loyalty import LOYALTY_ENDPOINTS, LoyaltyEndpoint
from contracts.od_v2.loyalty_openapi import with_loyalty
from contracts.od_v2.openapi import openapi as od_v2_openapi
from contracts.od_v2.surface import ENDPOINTS as OD_V2_ENDPOINTS
from contracts.odp_v1.discovery import Served, discovery
from contracts.odp_v1.openapi import openapi
from contracts.odp_v1.surface import ENDPOINTS
from contracts.operations import Operation
from contracts.registry import operations
from domain.apply import ApplyRecords
from domain.clock import system_clock
from domain.find import FindCustomer
from domain.ingestion_id import IngestionIds
from domain.resolve import MatchPolicy
from gateway.accept import Acceptor
from gateway.auth import Authenticator
from gateway.grpc.metrics import GrpcMetrics
from gateway.grpc.server import GrpcServer
from gateway.idempotency import IdempotencyMemory
from gateway.keyring import OwnKeys, new_signing_key
from gateway.keys import Algorithm, FixedKey, JwksKeys, KeySource
from gateway.limits import FailureLimiter, RateLimiter, RateLimits
from gateway.metrics import GatewayMetrics
from gateway.oauth import TokenIssuer
from gateway.publishing import IngestionPublisher, PublishLimits
from gateway.receipts import ReceiptWatcher
from gateway.rest.access import Access
from gateway.rest.app import rest_app
from gateway.rest.body import BodyBudget, BodyLimits
from gateway.rest.discovery import DiscoverySurface
from gateway.rest.explorer import Document, ExplorerSurface
from gateway.rest.ingestions import IngestionsSurface
from gateway.rest.oauth import OAuthSurface
from gateway.rest.od_v2.loyalty import LoyaltySurface
from gateway.rest.od_v2.surface import PREFIX as OD_V2_PREFIX
from gateway.rest.od_v2.surface import OdV2Surface, Parts
from gateway.rest.odp_v1 import OdpV1Surface
from gateway.rest.server import Address, ServerLimits, serve
from ingestor.identify import Unpacker
from ingestor.metrics import IngestorMetrics
from ingestor.ports import Books
from ingestor.process import Processor
from ingestor.run import Ingestor, IngestorLimits
from messaging.amqp import AmqpQueue
from messaging.port import Consumer, Queue
from messaging.sqlite import SqliteQueue
from storage.directory import EndpointDirectory
from storage.embedded import EmbeddedMongo
from storage.store import Store, open_store

_log = structlog.get_logger(__name__)

_REMEMBERED_KEYS = 100_000
_REMEMBERED_SECONDS = 24 * 3600.0
_CLIENT_FAILURES, _CLIENT_FAILURES_AT_ONCE = 0.2, 10
"""Wrong credentials for one client id: how many a second, and at once."""
_DOCUMENTS = (
    Document("ODP v1", "/v1/customer/openapi.json"),
    Document("Open Delivery v2", "/v2/openapi.json"),
)


@dataclass(frozen=True, slots=True)
class Base:
    """What the gateway and the ingestor share."""

    settings: Settings
    store: Store
    queue: Queue
    ids: IngestionIds
    operations: Mapping[str, Operation]
    registry: CollectorRegistry
    loyalty: LoyaltyParts | None
    endpoints: EndpointDirectory


def embedded_jwt_key(data_dir: Path) -> bytes:
    """The key that the embedded default signs and verifies its tokens with."""
    return own_key(data_dir, "jwt.key")


@asynccontextmanager
async def open_base(settings: Settings, *, embedded: bool, prepare: bool) -> AsyncIterator[Base]:
    """The store and the queue, opened.

    `embedded` allows the parts that no setting names to be Portico's own; without it they are a
    SettingError. With `prepare` the store is connected and its indexes are checked first.
    """
    async with AsyncExitStack() as stack:
        if settings.mongodb_url is not None:
            url = settings.mongodb_url.get_secret_value()
        elif embedded:
            mongo = await stack.enter_async_context(EmbeddedMongo(settings.data_dir / "mongodb"))
            url = mongo.url
            stack.enter_context(announced(settings.data_dir / "mongodb", url))
            _log.info("embedded_mongodb_started", url=url, pid=mongo.pid)
        else:
            raise SettingError("PORTICO_MONGODB_URL is not set; `portico up` runs without it")
        store = open_store(
            url, name=settings.mongodb_database, driver=settings.mongodb_driver, prepare=prepare
        )
        opened = await stack.enter_async_context(store)
        endpoints = await stack.enter_async_context(EndpointDirectory(opened.endpoints))
        yield Base(
            settings=settings,
            store=opened,
            queue=_queue(settings, embedded=embedded),
            ids=IngestionIds(_ingestion_secret(settings, embedded=embedded)),
            operations=operations(settings.phone_region, strict_orders=settings.strict_orders),
            registry=CollectorRegistry(),
            loyalty=loyalty_parts(settings, opened, endpoints.subscribed),
            endpoints=endpoints,
        )


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


@asynccontextmanager
async def _keys(settings: Settings, *, embedded: bool) -> AsyncIterator[KeySource]:
    algorithm = settings.jwt_algorithm
    if settings.jwt_jwks_url is not None:
        async with JwksKeys(algorithm, settings.jwt_jwks_url) as keys:
            yield keys
    elif settings.jwt_public_key_file is not None:
        yield _public_key(algorithm, settings.jwt_public_key_file)
    elif settings.jwt_key is not None:
        yield FixedKey(algorithm, settings.jwt_key.get_secret_value().encode())
    elif embedded:
        yield FixedKey(algorithm, embedded_jwt_key(settings.data_dir))
    else:
        raise SettingError(
            "one of PORTICO_JWT_JWKS_URL, PORTICO_JWT_PUBLIC_KEY_FILE and PORTICO_JWT_KEY must be set"
        )


def _public_key(algorithm: Algorithm, file: Path) -> KeySource:
    try:
        return FixedKey(algorithm, file.read_bytes())
    except (OSError, ValueError) as error:
        raise SettingError(
            f"PORTICO_JWT_PUBLIC_KEY_FILE is not a readable PEM public key for {algorithm}"
        ) from error


def _own_keys(settings: Settings, *, embedded: bool) -> OwnKeys | None:
    """The keys that tokens are issued with; None where Portico issues none."""
    file = settings.oauth_key_file
    if file is None and not embedded:
        return None
    try:
        pem = own_key(settings.data_dir, "oauth.pem", new_signing_key) if file is None else file.read_bytes()
        return OwnKeys(pem, settings.oauth_issuer)
    except (OSError, ValueError) as error:
        raise SettingError("PORTICO_OAUTH_KEY_FILE is not a PEM of one or two EC P-256 keys") from error


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway that serves."""

    rest: Address
    grpc: GrpcServer
    publisher: IngestionPublisher


@asynccontextmanager
async def open_gateway(base: Base, *, embedded: bool) -> AsyncIterator[Gateway]:
    """The gateway, serving REST and gRPC; at the end what is in flight is finished first."""
    settings, store = base.settings, base.store
    tls = read_certificate(settings)
    async with AsyncExitStack() as stack:
        metrics = GatewayMetrics(base.registry)
        keys = await stack.enter_async_context(_keys(settings, embedded=embedded))
        own_keys = _own_keys(settings, embedded=embedded)
        authenticator = Authenticator(
            keys, issuer=settings.jwt_issuer, audience=settings.jwt_audience, own=own_keys
        )
        watcher = await stack.enter_async_context(ReceiptWatcher(store.receipts))
        queue = await stack.enter_async_context(base.queue.publisher())
        publisher = await stack.enter_async_context(
            IngestionPublisher(
                queue,
                metrics=metrics,
                timeout=settings.publish_timeout,
                limits=PublishLimits(
                    bytes_in_flight=settings.max_bytes_in_flight,
                    ingestions_in_flight=settings.max_ingestions_in_flight,
                ),
            )
        )
        acceptor = Acceptor(
            publisher=publisher,
            memory=IdempotencyMemory(_REMEMBERED_KEYS, _REMEMBERED_SECONDS),
            ids=base.ids,
            limiter=RateLimiter(
                RateLimits(settings.rate_requests, settings.rate_records, settings.rate_bytes)
            ),
            watcher=watcher,
            metrics=metrics,
            clock=system_clock,
        )
        grpc = GrpcServer(
            reader=store.reader,
            candidates=store.dedupe,
            receipts=store.receipts,
            watcher=watcher,
            ids=base.ids,
            authenticator=authenticator,
            metrics=GrpcMetrics(base.registry),
            host=settings.grpc_host or settings.host,
            port=settings.grpc_port,
            tls=tls.grpc if tls else None,
            region=settings.phone_region,
            loyalty=base.loyalty.accounts if base.loyalty else None,
        )
        await stack.enter_async_context(_listening(grpc))
        stack.push_async_callback(grpc.stop, settings.drain_seconds)
        body_limits = BodyLimits()
        budget = BodyBudget(settings.max_bytes_in_flight)
        access = Access(authenticator, base.ids, watcher, body_limits, budget)
        app = rest_app(
            [
                OdpV1Surface(
                    access=access,
                    acceptor=acceptor,
                    operations=base.operations,
                    reader=store.reader,
                    openapi=openapi(_public_url(settings), version=version("portico")),
                ),
                OdV2Surface(
                    Parts(
                        access=access,
                        acceptor=acceptor,
                        operations=base.operations,
                        reader=store.reader,
                        find=FindCustomer(store.reader, settings.phone_region),
                        region=settings.phone_region,
                        openapi=_od_v2_openapi(settings, loyalty=base.loyalty is not None),
                    )
                ),
                IngestionsSurface(access=access, ids=base.ids, receipts=store.receipts, watcher=watcher),
                DiscoverySurface(
                    _discovery(
                        settings,
                        body_limits,
                        issues_tokens=own_keys is not None,
                        extension=LOYALTY_ENDPOINTS if base.loyalty else (),
                    )
                ),
                *_oauth(settings, store, own_keys, budget),
                *_loyalty(base.loyalty, access),
                ExplorerSurface(_DOCUMENTS),
            ],
            metrics,
        )
        address = await stack.enter_async_context(
            serve(
                app,
                settings.host,
                settings.port,
                ssl_context=tls.rest if tls else None,
                limits=ServerLimits(shutdown=settings.drain_seconds),
            )
        )
        yield Gateway(address, grpc, publisher)


def _loyalty(parts: LoyaltyParts | None, access: Access) -> Iterator[LoyaltySurface]:
    if parts is not None:
        yield LoyaltySurface(access=access, find=parts.find, ledger=parts.ledger, accounts=parts.accounts)


def _oauth(
    settings: Settings, store: Store, keys: OwnKeys | None, budget: BodyBudget
) -> Iterator[OAuthSurface]:
    if keys is not None:
        issuer = TokenIssuer(
            store.clients,
            keys,
            audience=settings.jwt_audience,
            seconds=settings.oauth_token_seconds,
            failures=FailureLimiter(_CLIENT_FAILURES, _CLIENT_FAILURES_AT_ONCE),
            clock=system_clock,
        )
        yield OAuthSurface(issuer, keys, budget)


def _discovery(
    settings: Settings,
    limits: BodyLimits,
    *,
    issues_tokens: bool,
    extension: Sequence[LoyaltyEndpoint],
) -> dict[str, object]:
    served = Served(
        operations=[one.operation_id for one in ENDPOINTS],
        flat_operations=[
            *(one.operation_id for one in OD_V2_ENDPOINTS),
            *(one.operation_id for one in extension),
        ],
        endpoint=f"{_public_url(settings)}{OD_V2_PREFIX}",
        extensions=("loyalty",) if extension else (),
        scopes=sorted(
            {one.scope for one in ENDPOINTS}
            | {one.scope for one in OD_V2_ENDPOINTS}
            | {one.scope for one in extension}
        ),
        supported_models=("client_credentials_application",) if issues_tokens else (),
        sends_webhooks=True,
    )
    return discovery(settings.participant_id, served, max_body_bytes=limits.unpacked)


def _od_v2_openapi(settings: Settings, *, loyalty: bool) -> dict[str, object]:
    document = od_v2_openapi(
        f"{_public_url(settings)}{OD_V2_PREFIX}",
        version=version("portico"),
        strict_orders=settings.strict_orders,
    )
    return with_loyalty(document) if loyalty else document


def _public_url(settings: Settings) -> str:
    if settings.public_url is not None:
        return settings.public_url.rstrip("/")
    return Address(settings.host, settings.port, settings.tls_cert_file is not None).url


@asynccontextmanager
async def _listening(server: GrpcServer) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(server)
        except RuntimeError as error:
            raise ListenError(f"gRPC cannot listen on port {server.port}") from error
        yield


def make_ingestor(base: Base, consumer: Consumer) -> Ingestor:
    """An ingestor that consumes from `consumer`."""
    settings, store = base.settings, base.store
    metrics = IngestorMetrics(base.registry, base.operations)
    books = Books(store.receipts, store.dead_letters, store.attempts)
    apply_records = ApplyRecords(
        store.records,
        store.identities,
        store.dedupe,
        system_clock,
        MatchPolicy(on_contact=settings.match_on_contact),
        base.endpoints.subscribed,
    )
    after_apply = base.loyalty.earn if base.loyalty else None
    processor = Processor(base.operations, apply_records, books, metrics, system_clock, after_apply)
    limits = IngestorLimits(
        max_messages=settings.ingestor_max_messages,
        max_bytes=settings.ingestor_max_bytes,
        batches=settings.ingestor_batches,
        attempts=settings.ingestor_attempts,
    )
    return Ingestor(consumer, processor, Unpacker(base.ids), books, metrics, system_clock, limits)
