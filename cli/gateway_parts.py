"""The gateway, wired: REST and gRPC in front of the queue and the store."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from cli.base import Base
from cli.descriptors import connections_within
from cli.listening import listening
from cli.operator_parts import desks
from cli.served import EXPLORED, discovery_document, od_v2_document, odp_v1_document
from cli.settings import Settings
from cli.spool_parts import open_spool
from cli.tls import read_certificate
from cli.token_keys import issuing_keys, token_keys
from contracts.od_v2.loyalty import LOYALTY_ENDPOINTS
from domain.clock import system_clock
from domain.find import FindCustomer
from gateway.accept import Acceptor
from gateway.admin import Detail
from gateway.auth import Authenticator
from gateway.grpc.metrics import GrpcMetrics
from gateway.grpc.server import GrpcServer
from gateway.idempotency import IdempotencyMemory
from gateway.keyring import OwnKeys
from gateway.ledger import count_accepted
from gateway.limits import FailureLimiter, RateLimiter, RateLimits
from gateway.metrics import GatewayMetrics
from gateway.oauth import TokenIssuer
from gateway.publishing import IngestionPublisher, PublishLimits
from gateway.receipts import ReceiptWatcher
from gateway.rest.access import Access
from gateway.rest.app import Surface, rest_app
from gateway.rest.body import BodyBudget, BodyLimits
from gateway.rest.discovery import DiscoverySurface
from gateway.rest.explorer import ExplorerSurface
from gateway.rest.ingestions import IngestionsSurface
from gateway.rest.oauth import OAuthSurface
from gateway.rest.od_v2.loyalty import LoyaltySurface
from gateway.rest.od_v2.surface import OdV2Surface, Parts
from gateway.rest.odp_v1 import OdpV1Surface
from gateway.rest.server import Address, ServerLimits, serve
from messaging.port import Publisher
from storage.store import Store

_REMEMBERED_KEYS = 100_000
_REMEMBERED_SECONDS = 24 * 3600.0
_COPIES = 2
"""Of a body that are held at a time: itself, and what it is joined from, validated as and published in."""
_CLIENT_FAILURES, _CLIENT_FAILURES_AT_ONCE = 0.2, 10
"""Wrong credentials for one client id: how many a second, and at once."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway that serves."""

    rest: Address
    grpc: GrpcServer
    publisher: IngestionPublisher
    details: Mapping[str, Detail]
    """How its parts stand, for `/readyz`."""


@asynccontextmanager
async def open_gateway(base: Base, *, embedded: bool) -> AsyncIterator[Gateway]:
    """The gateway, serving REST and gRPC; at the end what is in flight is finished first."""
    settings, store = base.settings, base.store
    tls = read_certificate(settings)
    async with AsyncExitStack() as stack:
        metrics = GatewayMetrics(base.registry)
        keys = await stack.enter_async_context(token_keys(settings, embedded=embedded))
        own_keys = issuing_keys(settings, embedded=embedded)
        authenticator = Authenticator(
            keys, issuer=settings.jwt_issuer, audience=settings.jwt_audience, own=own_keys
        )
        watcher = await stack.enter_async_context(ReceiptWatcher(store.receipts))
        queue: Publisher = await stack.enter_async_context(base.queue.publisher())
        spool = await stack.enter_async_context(open_spool(base, queue))
        publisher = await stack.enter_async_context(
            IngestionPublisher(
                spool or queue,
                metrics=metrics,
                confirmed=partial(count_accepted, base.ledger_book),
                timeout=settings.publish_timeout,
                limits=PublishLimits(
                    bytes_in_flight=settings.max_bytes_in_flight,
                    ingestions_in_flight=settings.max_ingestions_in_flight,
                ),
                tracer=base.tracer,
            )
        )
        rates = RateLimiter(RateLimits(settings.rate_requests, settings.rate_records, settings.rate_bytes))
        acceptor = Acceptor(
            publisher=publisher,
            memory=IdempotencyMemory(_REMEMBERED_KEYS, _REMEMBERED_SECONDS),
            ids=base.ids,
            limiter=rates,
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
            open_desk=desks(settings, store, base.endpoints.subscribed),
            metrics=GrpcMetrics(base.registry),
            host=settings.grpc_host or settings.host,
            port=settings.grpc_port,
            tls=tls.grpc if tls else None,
            region=settings.phone_region,
            loyalty=base.loyalty.accounts if base.loyalty else None,
            tracer=base.tracer,
        )
        await stack.enter_async_context(
            listening(grpc, "gRPC", settings.grpc_port, "grpc-port", fault=RuntimeError)
        )
        stack.push_async_callback(grpc.stop, settings.drain_seconds)
        body_limits = BodyLimits()
        budget = BodyBudget(settings.max_bytes_in_flight // _COPIES)
        access = Access(authenticator, base.ids, watcher, body_limits, budget, rates)
        surfaces = [
            *_dialects(base, access, acceptor),
            IngestionsSurface(access=access, ids=base.ids, receipts=store.receipts, watcher=watcher),
            DiscoverySurface(
                discovery_document(
                    settings,
                    body_limits.unpacked,
                    issues_tokens=own_keys is not None,
                    extension=LOYALTY_ENDPOINTS if base.loyalty else (),
                )
            ),
            *_oauth(settings, store, own_keys, budget),
            ExplorerSurface(EXPLORED),
        ]
        app = rest_app(surfaces, base.request_metrics, base.tracer)
        server = serve(
            app,
            settings.host,
            settings.port,
            ssl_context=tls.rest if tls else None,
            limits=ServerLimits(
                shutdown=settings.drain_seconds,
                connections=connections_within(settings.max_connections),
            ),
        )
        address = await stack.enter_async_context(listening(server, "REST", settings.port, "port"))
        yield Gateway(address, grpc, publisher, {"spool": spool.state} if spool else {})


def _dialects(base: Base, access: Access, acceptor: Acceptor) -> Iterator[Surface]:
    settings, reader = base.settings, base.store.reader
    find = FindCustomer(reader, settings.phone_region)
    yield OdpV1Surface(
        access=access,
        acceptor=acceptor,
        operations=base.operations,
        reader=reader,
        find=find,
        openapi=odp_v1_document(settings),
    )
    yield OdV2Surface(
        Parts(
            access=access,
            acceptor=acceptor,
            operations=base.operations,
            reader=reader,
            find=find,
            region=settings.phone_region,
            openapi=od_v2_document(settings, loyalty=base.loyalty is not None),
        )
    )
    if (loyalty := base.loyalty) is not None:
        yield LoyaltySurface(
            access=access, find=loyalty.find, ledger=loyalty.ledger, accounts=loyalty.accounts
        )


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
