"""The five services of records, each by the parts that all have."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import grpc
import pytest

from domain.records import Entity, Stored
from gateway.grpc.pb.portico.v1 import (
    customers_pb2,
    customers_pb2_grpc,
    events_pb2,
    events_pb2_grpc,
    leads_pb2,
    leads_pb2_grpc,
    orders_pb2,
    orders_pb2_grpc,
    reviews_pb2,
    reviews_pb2_grpc,
)
from tests.support.grpc_world import TENANT, World, caller, customer, event, lead, order, review


class Surface:
    """One entity's service, by its generic parts."""

    def __init__(self, make: Callable[..., Stored], messages: Any, stubs: Any, plural: str) -> None:
        self.make = make
        self.plural = plural
        self.title = plural.capitalize()
        self.singular = self.title[:-1]
        self.messages = messages
        self.stubs = stubs

    def name(self, key: str, tenant: str = TENANT) -> str:
        """The resource name of what `make` makes of `key`."""
        record = self.make(key, tenant=tenant)
        if record.entity in (Entity.CUSTOMER, Entity.EVENT):
            return f"{self.plural}/{record.id}"
        return f"{self.plural}/{quote(key, safe='')}"

    def method(self, world: World, verb: str) -> Any:
        """The stub's method `verb`."""
        return getattr(getattr(self.stubs, f"{self.title}Stub")(world.channel), verb)

    async def get(self, world: World, name: str, metadata: Any = None) -> Any:
        """One record."""
        request = getattr(self.messages, f"Get{self.singular}Request")(name=name)
        return await self.method(world, f"Get{self.singular}")(request, metadata=metadata or caller())

    async def batch_get(self, world: World, names: list[str], **more: Any) -> Any:
        """Several records."""
        request = getattr(self.messages, f"BatchGet{self.title}Request")(names=names, **more)
        response = await self.method(world, f"BatchGet{self.title}")(request, metadata=caller())
        return getattr(response, self.plural)

    async def list(self, world: World, *, tenant: str = TENANT, **more: Any) -> tuple[list[Any], str]:
        """A page and the token of the next."""
        request = getattr(self.messages, f"List{self.title}Request")(**more)
        response = await self.method(world, f"List{self.title}")(request, metadata=caller(tenant))
        return list(getattr(response, self.plural)), response.next_page_token


CUSTOMERS = Surface(customer, customers_pb2, customers_pb2_grpc, "customers")
LEADS = Surface(lead, leads_pb2, leads_pb2_grpc, "leads")
ORDERS = Surface(order, orders_pb2, orders_pb2_grpc, "orders")
REVIEWS = Surface(review, reviews_pb2, reviews_pb2_grpc, "reviews")
EVENTS = Surface(event, events_pb2, events_pb2_grpc, "events")
SURFACES = (CUSTOMERS, LEADS, ORDERS, REVIEWS, EVENTS)
every_entity = pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: surface.plural)


def failure(raised: pytest.ExceptionInfo[grpc.aio.AioRpcError]) -> tuple[grpc.StatusCode, str | None]:
    """What the caller is told."""
    return raised.value.code(), raised.value.details()
