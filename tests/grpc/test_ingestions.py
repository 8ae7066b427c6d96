"""GetIngestion, WaitIngestion, and reads that wait for an ingestion."""

import asyncio
import time

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration

from domain.receipts import Receipt, RecordResult
from domain.records import Outcome
from gateway.grpc.pb.portico.v1 import ingestions_pb2 as pb
from gateway.grpc.pb.portico.v1.ingestions_pb2_grpc import IngestionsStub
from gateway.grpc.pb.portico.v1.orders_pb2 import GetOrderRequest, StreamOrdersRequest
from gateway.grpc.pb.portico.v1.orders_pb2_grpc import OrdersStub
from tests.support.grpc_world import OTHER, T0, TENANT, World, caller, order


def receipt(ingestion_id: str) -> Receipt:
    """A receipt with a record of every outcome, two of them worth telling."""
    results = (
        RecordResult(3, Outcome.STALE, "VERSION_CONFLICT", "a newer version is stored", record_id="cust_1"),
        RecordResult(4, Outcome.DEAD, "INVALID_PAYLOAD", "not a text", "/customers/4/name"),
    )
    return Receipt(
        ingestion_id, TENANT, "odp.v1.customers", "digest", T0, T0 + 1_234, dict.fromkeys(Outcome, 1), results
    )


async def get(world: World, ingestion_id: str, tenant: str = TENANT) -> pb.Ingestion:
    """GetIngestion with a token without scopes."""
    request = pb.GetIngestionRequest(name=f"ingestions/{ingestion_id}")
    return await IngestionsStub(world.channel).GetIngestion(request, metadata=caller(tenant, scopes=()))


async def wait(world: World, ingestion_id: str, seconds: float | None, deadline: float = 20) -> pb.Ingestion:
    """WaitIngestion with a timeout, or none, and a deadline."""
    request = pb.WaitIngestionRequest(name=f"ingestions/{ingestion_id}")
    if seconds is not None:
        request.timeout.FromNanoseconds(int(seconds * 1e9))
    stub = IngestionsStub(world.channel)
    return await stub.WaitIngestion(request, metadata=caller(), timeout=deadline)


async def test_a_done_ingestion_tells_counts_and_results(world: World) -> None:
    """Any valid token reads it; the results name index, outcome, code, pointer and record."""
    ingestion_id = world.ids.mint(TENANT)
    await world.store.receipts.put_many([receipt(ingestion_id)])
    found = await get(world, ingestion_id)
    assert (f"ingestions/{ingestion_id}", ingestion_id, pb.Ingestion.DONE, "odp.v1.customers") == (
        found.name,
        found.uid,
        found.state,
        found.operation,
    )
    assert pb.OutcomeCounts(created=1, updated=1, unchanged=1, stale=1, dead=1) == found.counts
    assert (T0, T0 + 1_234) == (found.accept_time.ToMilliseconds(), found.done_time.ToMilliseconds())
    assert [
        (3, pb.STALE, "VERSION_CONFLICT", "", "cust_1"),
        (4, pb.DEAD, "INVALID_PAYLOAD", "/customers/4/name", ""),
    ] == [(one.index, one.outcome, one.code, one.pointer, one.record) for one in found.results]


async def test_a_valid_id_without_a_receipt_is_queued(world: World) -> None:
    """The id alone proves that the request was accepted (design 6)."""
    ingestion_id = world.ids.mint(TENANT)
    expected = pb.Ingestion(name=f"ingestions/{ingestion_id}", uid=ingestion_id, state=pb.Ingestion.QUEUED)
    assert expected == await get(world, ingestion_id)


async def test_an_unknown_and_a_foreign_ingestion_answer_the_same(world: World) -> None:
    """Another tenant's id is NOT_FOUND with the same words, whether done or not."""
    theirs = world.ids.mint(OTHER)
    await world.store.receipts.put_many([receipt(theirs)])
    answers = set()
    for ingestion_id in (theirs, world.ids.mint(OTHER), "ing_unknown"):
        for call in (get(world, ingestion_id), wait(world, ingestion_id, 0)):
            with pytest.raises(grpc.aio.AioRpcError) as raised:
                await call
            answers.add((raised.value.code(), raised.value.details()))
    assert {(grpc.StatusCode.NOT_FOUND, "ingestion not found")} == answers


async def test_a_wait_ends_with_the_receipt(world: World) -> None:
    """The receipt that is written during the wait is answered at once."""
    ingestion_id = world.ids.mint(TENANT)
    async with asyncio.timeout(5):
        waiting = asyncio.create_task(wait(world, ingestion_id, None))
        await asyncio.sleep(0.05)
        await world.store.receipts.put_many([receipt(ingestion_id)])
        assert pb.Ingestion.DONE == (await waiting).state


@pytest.mark.parametrize(("seconds", "deadline"), [(0.2, 20), (None, 1.0), (0, 20)])
async def test_a_wait_is_over_in_time(world: World, seconds: float | None, deadline: float) -> None:
    """After its timeout, or just before the deadline, it answers what it knows: queued."""
    began = time.monotonic()
    found = await wait(world, world.ids.mint(TENANT), seconds, deadline)
    assert pb.Ingestion.QUEUED == found.state
    assert time.monotonic() - began < 3


async def test_no_wait_at_all_still_sees_what_is_done(world: World) -> None:
    """A timeout of 0 is a plain read."""
    ingestion_id = world.ids.mint(TENANT)
    await world.store.receipts.put_many([receipt(ingestion_id)])
    assert pb.Ingestion.DONE == (await wait(world, ingestion_id, 0)).state


async def test_a_negative_wait_is_an_invalid_argument(world: World) -> None:
    """There is no time before now to wait until."""
    request = pb.WaitIngestionRequest(
        name=f"ingestions/{world.ids.mint(TENANT)}", timeout=Duration(seconds=-1)
    )
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await IngestionsStub(world.channel).WaitIngestion(request, metadata=caller())
    assert grpc.StatusCode.INVALID_ARGUMENT == raised.value.code()


async def test_a_read_waits_until_the_ingestion_it_names_is_applied(world: World) -> None:
    """`portico-after`: read your writes, on unary calls and streams alike."""
    ingestion_id = world.ids.mint(TENANT)
    metadata = caller(TENANT, ["od.all"], ("portico-after", ingestion_id))
    stub = OrdersStub(world.channel)
    unary = stub.GetOrder(GetOrderRequest(name="orders/order-55"), metadata=metadata, timeout=10)
    stream = stub.StreamOrders(StreamOrdersRequest(), metadata=metadata, timeout=10)
    await asyncio.sleep(0.1)
    assert (False, False) == (unary.done(), stream.done())
    await world.keep(order())
    await world.store.receipts.put_many([receipt(ingestion_id)])
    assert "order-55" == (await unary).order_id
    assert ["order-55"] == [one.order_id async for batch in stream for one in batch.orders]


async def test_a_read_does_not_wait_beyond_its_deadline(world: World) -> None:
    """Not applied in time is UNAVAILABLE, in words that say why."""
    metadata = caller(TENANT, ["od.all"], ("portico-after", world.ids.mint(TENANT)))
    stub = OrdersStub(world.channel)
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await stub.GetOrder(GetOrderRequest(name="orders/a"), metadata=metadata, timeout=1.0)
    assert (grpc.StatusCode.UNAVAILABLE, "the ingestion named in portico-after is not applied yet") == (
        raised.value.code(),
        raised.value.details(),
    )


@pytest.mark.parametrize("tenant", [OTHER, None])
async def test_a_read_after_a_foreign_or_invented_ingestion_is_refused(
    world: World, tenant: str | None
) -> None:
    """It is told apart without a wait, and both in the same words."""
    ingestion_id = world.ids.mint(tenant) if tenant else "ing_invented"
    metadata = caller(TENANT, ["od.all"], ("portico-after", ingestion_id))
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await OrdersStub(world.channel).GetOrder(GetOrderRequest(name="orders/a"), metadata=metadata)
    assert (grpc.StatusCode.INVALID_ARGUMENT, "portico-after is no ingestion id") == (
        raised.value.code(),
        raised.value.details(),
    )
