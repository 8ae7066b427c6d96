"""The gRPC server: services, health, reflection, limits, and an orderly end."""

from typing import NamedTuple, Self

import grpc
from grpc_health.v1 import health, health_pb2_grpc
from grpc_health.v1.health_pb2 import HealthCheckResponse
from grpc_reflection.v1alpha import reflection

from domain.clock import Clock, system_clock
from domain.dead_letters.desk import OpenDesk
from domain.duplicates import CandidateReader
from domain.find import FindCustomer
from domain.ingestion_id import IngestionIds
from domain.loyalty.accounts import LoyaltyAccounts
from domain.ports import ReceiptStore
from domain.reading import WholeReader
from domain.tracing import NO_TRACER, Tracer
from gateway.auth import Authenticator
from gateway.grpc.customers import CustomersService
from gateway.grpc.dead_letters import DeadLettersService
from gateway.grpc.dedupe import DedupeCandidatesService
from gateway.grpc.events import EventsService
from gateway.grpc.ingestions import IngestionsService
from gateway.grpc.interceptors import CallInterceptor
from gateway.grpc.leads import LeadsService
from gateway.grpc.loyalty import LoyaltyService
from gateway.grpc.methods import unregistered
from gateway.grpc.metrics import GrpcMetrics
from gateway.grpc.names import CUSTOMERS, EVENTS, LEADS, ORDERS, REVIEWS, Collection
from gateway.grpc.orders import OrdersService
from gateway.grpc.pb.portico.v1.customers_pb2_grpc import add_CustomersServicer_to_server
from gateway.grpc.pb.portico.v1.dead_letters_pb2_grpc import add_DeadLettersServicer_to_server
from gateway.grpc.pb.portico.v1.dedupe_pb2_grpc import add_DedupeCandidatesServicer_to_server
from gateway.grpc.pb.portico.v1.events_pb2_grpc import add_EventsServicer_to_server
from gateway.grpc.pb.portico.v1.ingestions_pb2_grpc import add_IngestionsServicer_to_server
from gateway.grpc.pb.portico.v1.leads_pb2_grpc import add_LeadsServicer_to_server
from gateway.grpc.pb.portico.v1.loyalty_pb2_grpc import add_LoyaltyServicer_to_server
from gateway.grpc.pb.portico.v1.orders_pb2_grpc import add_OrdersServicer_to_server
from gateway.grpc.pb.portico.v1.reviews_pb2_grpc import add_ReviewsServicer_to_server
from gateway.grpc.reads import Reads
from gateway.grpc.reviews import ReviewsService
from gateway.grpc.scopes import LOYALTY, REQUIRED
from gateway.receipts import ReceiptWatcher

MAX_RPCS = 512
"""Calls in flight, all connections together; beyond it RESOURCE_EXHAUSTED."""

_MINUTE = 60_000
_OPTIONS = (
    ("grpc.max_receive_message_length", 1 << 20),
    ("grpc.max_send_message_length", 4 << 20),
    ("grpc.max_concurrent_streams", 128),
    ("grpc.max_connection_idle_ms", 15 * _MINUTE),
    # Connections end now and then, so that clients find new servers behind a balancer.
    ("grpc.max_connection_age_ms", 30 * _MINUTE),
    ("grpc.max_connection_age_grace_ms", 5 * _MINUTE),
    ("grpc.keepalive_time_ms", _MINUTE),
    ("grpc.keepalive_timeout_ms", _MINUTE // 3),
    # Who does not begin to speak HTTP/2, or TLS, is not waited for.
    ("grpc.server_handshake_timeout_ms", 5_000),
    ("grpc.http2.min_ping_interval_without_data_ms", _MINUTE // 6),
    # Two servers on one port would share its calls without a word.
    ("grpc.so_reuseport", 0),
)
_ABORTED_END = 5.0


class Tls(NamedTuple):
    """A server's certificate chain and private key, PEM."""

    certificate_chain: bytes
    private_key: bytes


class GrpcServer:
    """Serves reads, and operators, over gRPC. `async with` starts it and ends it; `stop` drains first."""

    def __init__(  # noqa: PLR0913 - the ports and settings of one server
        self,
        *,
        reader: WholeReader,
        candidates: CandidateReader,
        receipts: ReceiptStore,
        watcher: ReceiptWatcher,
        ids: IngestionIds,
        authenticator: Authenticator,
        open_desk: OpenDesk,
        metrics: GrpcMetrics,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: Tls | None = None,
        clock: Clock = system_clock,
        settle_lag: float = 1.0,
        region: str = "BR",
        loyalty: LoyaltyAccounts | None = None,
        tracer: Tracer = NO_TRACER,
    ) -> None:
        """Nothing is opened yet.

        `port` 0 takes a free one, see `port`. Streams leave out what was written within the last
        `settle_lag` seconds. `region` (ISO 3166-1 alpha-2) is the country of phone numbers that are
        looked up without one. `open_desk` opens the desks of operators. `loyalty` None leaves the
        service `Loyalty` out.
        """
        self._reader = reader
        self._find = FindCustomer(reader, region)
        self._candidates = candidates
        self._receipts = receipts
        self._watcher = watcher
        self._ids = ids
        self._address = f"[{host}]" if ":" in host else host
        self._tls = tls
        self._open_desk = open_desk
        self._clock = clock
        self._settle_lag = settle_lag
        self._region = region
        self._loyalty = loyalty
        self._services = [name for name in REQUIRED if name != LOYALTY or loyalty is not None]
        self._interceptor = CallInterceptor(authenticator, ids, watcher, metrics, tracer)
        self._health = health.aio.HealthServicer()
        self._server: grpc.aio.Server | None = None
        self.port = port
        """Where it listens; the actual one once started."""

    async def __aenter__(self) -> Self:
        """Listen and serve. Raises RuntimeError where the address cannot be bound."""
        server = grpc.aio.server(
            interceptors=[self._interceptor], options=_OPTIONS, maximum_concurrent_rpcs=MAX_RPCS
        )
        self._add_services(unregistered(server))
        self.port = self._bind(server)
        await server.start()
        self._server = server
        for service in ("", *self._services):
            await self._health.set(service, HealthCheckResponse.SERVING)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop without grace."""
        await self.stop(0)

    async def stop(self, grace: float) -> None:
        """Report NOT_SERVING, take no new calls, and give those in flight `grace` seconds to end.

        Returns when no handler runs any more. Stopping again does nothing.
        """
        if self._server is None:
            return
        server, self._server = self._server, None
        await self._health.enter_graceful_shutdown()
        await server.stop(grace)
        # The server returns while aborted handlers still run, and they use what is closed next.
        await self._interceptor.finished(_ABORTED_END)

    def is_serving(self) -> bool:
        """Whether calls are taken."""
        return self._server is not None

    def _bind(self, server: grpc.aio.Server) -> int:
        address = f"{self._address}:{self.port}"
        if self._tls is None:
            return server.add_insecure_port(address)
        pair = (self._tls.private_key, self._tls.certificate_chain)
        return server.add_secure_port(address, grpc.ssl_server_credentials([pair]))

    def _add_services(self, server: grpc.aio.Server) -> None:
        customers = CustomersService(self._reads(CUSTOMERS), self._reader, self._region)
        add_CustomersServicer_to_server(customers, server)
        add_LeadsServicer_to_server(LeadsService(self._reads(LEADS)), server)
        add_OrdersServicer_to_server(OrdersService(self._reads(ORDERS)), server)
        add_ReviewsServicer_to_server(ReviewsService(self._reads(REVIEWS)), server)
        add_EventsServicer_to_server(EventsService(self._reads(EVENTS)), server)
        candidates = DedupeCandidatesService(self._candidates, self._reader)
        add_DedupeCandidatesServicer_to_server(candidates, server)
        ingestions = IngestionsService(self._receipts, self._watcher, self._ids)
        add_IngestionsServicer_to_server(ingestions, server)
        add_DeadLettersServicer_to_server(DeadLettersService(self._open_desk), server)
        if self._loyalty is not None:
            add_LoyaltyServicer_to_server(LoyaltyService(self._loyalty, self._reader), server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        names = (*self._services, health.SERVICE_NAME, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, server)

    def _reads(self, collection: Collection) -> Reads:
        return Reads(self._reader, self._find, collection, self._clock, self._settle_lag)
