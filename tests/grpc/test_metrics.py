"""What gRPC counts."""

import asyncio
from collections.abc import Callable
from typing import Any

import grpc
import pytest

from gateway.grpc.pb.portico.v1.customers_pb2 import (
    GetCustomerRequest,
    ListCustomersRequest,
    StreamCustomersRequest,
)
from gateway.grpc.pb.portico.v1.customers_pb2_grpc import CustomersStub
from gateway.grpc.pb.portico.v1.ingestions_pb2 import WaitIngestionRequest
from gateway.grpc.pb.portico.v1.ingestions_pb2_grpc import IngestionsStub
from tests.support.grpc_world import TENANT, World, caller, customer

GET = "/portico.v1.Customers/GetCustomer"
STREAM = "/portico.v1.Customers/StreamCustomers"
WAIT = "/portico.v1.Ingestions/WaitIngestion"


def value(world: World, name: str, **labels: str) -> float | None:
    """A sample of the server's metrics."""
    return world.registry.get_sample_value(name, labels)


async def test_calls_count_by_method_and_code(world: World) -> None:
    """Success and refusal, with or without a token, and how long each took."""
    someone = customer()
    await world.keep(someone)
    stub = CustomersStub(world.channel)
    await stub.GetCustomer(GetCustomerRequest(name=f"customers/{someone.id}"), metadata=caller())
    for metadata in ((), caller()):
        with pytest.raises(grpc.aio.AioRpcError):
            await stub.GetCustomer(GetCustomerRequest(name="customers/nobody"), metadata=metadata)
    for code in ("OK", "UNAUTHENTICATED", "NOT_FOUND"):
        assert 1 == value(world, "portico_grpc_calls_total", method=GET, code=code)
    assert 3 == value(world, "portico_grpc_call_seconds_count", method=GET)
    assert 0 == value(world, "portico_grpc_in_flight_calls")


async def test_streams_count_their_records(world: World) -> None:
    """Records, not messages."""
    await world.keep(*(customer(f"k{number}") for number in range(3)))
    stream = CustomersStub(world.channel).StreamCustomers(StreamCustomersRequest(), metadata=caller())
    assert 3 == sum([len(response.customers) async for response in stream])
    await until(lambda: value(world, "portico_grpc_calls_total", method=STREAM, code="OK") == 1)
    assert 3 == value(world, "portico_grpc_streamed_records_total", method=STREAM)


async def test_a_caller_who_leaves_is_counted_as_cancelled(world: World) -> None:
    """While he waited the call was in flight; afterwards nothing is."""
    request = WaitIngestionRequest(name=f"ingestions/{world.ids.mint(TENANT)}")
    call = IngestionsStub(world.channel).WaitIngestion(request, metadata=caller())
    await until(lambda: value(world, "portico_grpc_in_flight_calls") == 1)
    call.cancel()
    await until(lambda: value(world, "portico_grpc_in_flight_calls") == 0)
    assert 1 == value(world, "portico_grpc_calls_total", method=WAIT, code="CANCELLED")


async def test_no_label_comes_from_a_caller(world: World) -> None:
    """Methods that do not exist make no series."""
    channel: Any = world.channel
    with pytest.raises(grpc.aio.AioRpcError):
        await channel.unary_unary("/portico.v1.Customers/maria@example.com")(b"")
    await CustomersStub(channel).ListCustomers(ListCustomersRequest(), metadata=caller())
    labels = {
        label for metric in world.registry.collect() for s in metric.samples for label in s.labels.values()
    }
    assert "maria" not in " ".join(labels)


async def until(holds: Callable[[], bool]) -> None:
    """Wait for something to hold, at most 5 seconds."""
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110 - other tasks of the server change it
            await asyncio.sleep(0.01)
