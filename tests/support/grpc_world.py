"""A real gRPC server on a real store, and callers of it."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import grpc
import orjson
from prometheus_client import CollectorRegistry

from cli.operator_parts import desks
from cli.settings import Settings
from domain.clock import Clock, from_millis, system_clock
from domain.ingestion_id import IngestionIds
from domain.loyalty.accounts import LoyaltyAccounts
from domain.records import Entity, Fields, Outcome, SourceState, Stored, Write, derived_id
from domain.version import Version
from gateway.auth import Authenticator, mint_token
from gateway.grpc.metrics import GrpcMetrics
from gateway.grpc.server import GrpcServer, Tls
from gateway.keys import FixedKey
from gateway.receipts import ReceiptWatcher
from storage.store import Store

T0 = 1_770_000_000_000
"""When the records of these tests were written, in milliseconds since the Unix epoch."""
TENANT = "acme"
OTHER = "other"
EVERY_SCOPE = ("customer.read", "orders.crm.read")
SECRET = b"0123456789abcdef0123456789abcdef"

Metadata = tuple[tuple[str, str], ...]


class World:
    """A server, a channel to it, and what stands behind it."""

    def __init__(
        self,
        store: Store,
        server: GrpcServer,
        channel: grpc.aio.Channel,
        ids: IngestionIds,
        registry: CollectorRegistry,
    ) -> None:
        self.store = store
        self.server = server
        self.channel = channel
        self.ids = ids
        self.registry = registry

    async def keep(self, *records: Stored) -> None:
        """Store records as they are."""
        for entity in {record.entity for record in records}:
            writes = [Write(record, None) for record in records if record.entity is entity]
            result = await self.store.records.write_many(entity, writes)
            assert (set(), {}) == (result.lost, dict(result.refused))

    async def replace(self, record: Stored, expected_revision: int) -> None:
        """Store a newer revision of a record."""
        result = await self.store.records.write_many(record.entity, [Write(record, expected_revision)])
        assert (set(), {}) == (result.lost, dict(result.refused))


@asynccontextmanager
async def open_world(
    store: Store,
    *,
    clock: Clock = lambda: T0 + 60_000,
    settle_lag: float = 1.0,
    tls: Tls | None = None,
    port: int = 0,
    loyalty: LoyaltyAccounts | None = None,
) -> AsyncIterator[World]:
    """A server, on a free port unless told, that reads from `store`, and a channel to it."""
    ids, registry = IngestionIds(SECRET), CollectorRegistry()
    authenticator = Authenticator(FixedKey("HS256", SECRET), issuer="portico", audience="portico")
    async with (
        ReceiptWatcher(store.receipts) as watcher,
        GrpcServer(
            reader=store.reader,
            candidates=store.dedupe,
            receipts=store.receipts,
            watcher=watcher,
            ids=ids,
            authenticator=authenticator,
            open_desk=desks(Settings(), store, lambda tenant: False),
            metrics=GrpcMetrics(registry),
            clock=clock,
            settle_lag=settle_lag,
            port=port,
            tls=tls,
            loyalty=loyalty,
        ) as server,
        _channel(server.port, tls) as channel,
    ):
        yield World(store, server, channel, ids, registry)


def _channel(port: int, tls: Tls | None) -> grpc.aio.Channel:
    if tls is None:
        return grpc.aio.insecure_channel(f"127.0.0.1:{port}")
    return grpc.aio.secure_channel(f"localhost:{port}", grpc.ssl_channel_credentials(tls.certificate_chain))


def caller(
    tenant: str | None = TENANT, scopes: Iterable[str] = EVERY_SCOPE, *more: tuple[str, str]
) -> Metadata:
    """Call metadata with a good token."""
    token = mint_token(
        SECRET,
        issuer="portico",
        audience="portico",
        tenant=tenant,
        scopes=scopes,
        subject="caller",
        ttl=3600,
        now=system_clock(),
    )
    return (("authorization", f"Bearer {token}"), *more)


def stored(
    entity: Entity, key: str, fields: Fields, *, tenant: str = TENANT, at: int = T0, padding: int = 0
) -> Stored:
    """A record as the ingestor leaves it: its version, creation and last write all at `at`.

    `padding` characters make its document longer.
    """
    document = orjson.dumps({"id": key, "unknown": {"$kept": 1}, "padding": "x" * padding}).decode()
    state = SourceState(key, Version(at, "ing_0", 0), "digest", document, Outcome.CREATED, fields)
    return Stored(
        id=derived_id(entity, tenant, key),
        entity=entity,
        tenant=tenant,
        revision=1,
        fields=fields,
        sources={"odp_v1": state},
        created_at=at,
        updated_at=at,
    )


def customer(key: str = "customer-123", *, tenant: str = TENANT, at: int = T0, **fields: Any) -> Stored:
    """A customer with every field that the ODP v1 contract brings."""
    columns = {
        "status": "active",
        "display_name": "Maria Souza",
        "logical_ids": [key],
        "external_ids": [{"source": "app", "value": key}],
        "document": {"number": "12345678909"},
        "emails": [{"value": " Maria@Example.com", "normalized": "maria@example.com"}],
        "phones": [{"value": "11 99999-0000", "normalized": "+5511999990000"}, {"value": "no number"}],
        "other_contacts": {"instagram": "@maria"},
        "birth_date": "1990-02-28",
        "gender": "female",
        "consents": [
            {"purpose": "marketing", "channel": "any", "status": "opt_in", "legal_basis": "consent"}
        ],
        "source_created_at": from_millis(T0 - 2_000),
        "source_updated_at": from_millis(at),
    }
    return stored(Entity.CUSTOMER, key, columns | fields, tenant=tenant, at=at)


def lead(key: str = "lead-7", *, tenant: str = TENANT, at: int = T0, **fields: Any) -> Stored:
    """A lead of customer-123."""
    columns = {"lead_id": key, "source": "campaign", "status": "new", "customer_ref": "logical:customer-123"}
    return stored(Entity.LEAD, key, columns | fields, tenant=tenant, at=at)


def order(
    key: str = "order-55",
    customer_ref: str = "logical:customer-123",
    *,
    tenant: str = TENANT,
    at: int = T0,
    padding: int = 0,
    **fields: Any,
) -> Stored:
    """An order that was placed and completed."""
    columns = {
        "order_id": key,
        "customer_ref": customer_ref,
        "sales_channel": "app",
        "status": "completed",
        "placed_at": from_millis(T0 + 1),
        "completed_at": from_millis(T0 + 1_002),
    }
    return stored(Entity.ORDER, key, columns | fields, tenant=tenant, at=at, padding=padding)


def review(key: str = "review-3", *, tenant: str = TENANT, at: int = T0, **fields: Any) -> Stored:
    """A review of an order, with words."""
    columns = {
        "review_id": key,
        "review_type": "ORDER",
        "reference_type": "order",
        "rating": {"style": "OTHER", "value": 4.5, "comment": "bom"},
    }
    return stored(Entity.REVIEW, key, columns | fields, tenant=tenant, at=at)


def event(key: str = "digest-1", *, tenant: str = TENANT, at: int = T0, **fields: Any) -> Stored:
    """A customer event."""
    columns = {
        "event_type": "CUSTOMER_UPDATED",
        "event_type_norm": "customer.updated",
        "entity_type": "customer",
        "occurred_at": from_millis(T0),
        "customer_ref": "logical:customer-123",
    }
    return stored(Entity.EVENT, key, columns | fields, tenant=tenant, at=at)
