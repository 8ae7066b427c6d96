"""Streams: batches, resuming, the settle lag, and what is too big."""

from typing import Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from domain.records import Stored
from gateway.grpc.pb.portico.v1 import customers_pb2, customers_pb2_grpc, orders_pb2, orders_pb2_grpc
from storage.store import Store
from tests.support.grpc_surfaces import Surface, every_entity
from tests.support.grpc_world import OTHER, T0, TENANT, World, caller, customer, open_world, order

MIB = 1 << 20


def orders(count: int, **more: Any) -> list[Stored]:
    """Orders in the order in which a stream brings them, three to a millisecond."""
    made = [order(f"k{number}", at=T0 + number // 3, **more) for number in range(count)]
    return sorted(made, key=lambda one: (one.updated_at, one.id))


def stream(world: World, *, tenant: str = TENANT, timeout: float = 20, **request: Any) -> Any:
    """A call of StreamOrders."""
    stub = orders_pb2_grpc.OrdersStub(world.channel)
    return stub.StreamOrders(
        orders_pb2.StreamOrdersRequest(**request), metadata=caller(tenant), timeout=timeout
    )


async def batches(world: World, **request: Any) -> list[orders_pb2.StreamOrdersResponse]:
    """All that a stream of orders brings."""
    return [batch async for batch in stream(world, **request)]


def uids(received: list[orders_pb2.StreamOrdersResponse]) -> list[str]:
    """The records in some batches."""
    return [one.uid for batch in received for one in batch.orders]


async def test_everything_comes_once_in_batches_of_500_in_the_order_written(world: World) -> None:
    """1,201 orders are three batches, and no other tenant's is among them."""
    made = orders(1_201)
    await world.keep(*made, order("theirs", tenant=OTHER))
    received = await batches(world)
    assert [500, 500, 201] == [len(batch.orders) for batch in received]
    assert [one.id for one in made] == uids(received)


async def test_a_stream_of_whole_batches_ends(world: World) -> None:
    """A last batch that happens to be full is followed by the end, not by an empty batch."""
    await world.keep(*orders(1_000))
    assert [500, 500] == [len(batch.orders) for batch in await batches(world)]


async def test_nothing_changed_is_no_batch(world: World) -> None:
    """A stream that is caught up already ends at once."""
    assert [] == await batches(world)


async def test_a_stream_goes_on_where_it_was_cut_on_another_server_too(store: Store, world: World) -> None:
    """The caller leaves after one batch; a new server takes the token and nothing is missed or twice."""
    made = orders(1_100)
    await world.keep(*made)
    call = stream(world)
    first = await call.read()
    call.cancel()
    async with open_world(store) as another:
        rest = await batches(another, resume_token=first.resume_token)
    assert [one.id for one in made] == uids([first, *rest])


async def test_the_last_token_brings_what_changed_since(world: World) -> None:
    """A record that was streamed and then written again comes again, alone, in its new state."""
    made = orders(3)
    await world.keep(*made)
    [batch] = await batches(world)
    assert [] == await batches(world, resume_token=batch.resume_token)
    made[0].revision, made[0].updated_at = 2, T0 + 500
    await world.replace(made[0], 1)
    [again] = await batches(world, resume_token=batch.resume_token)
    assert [(made[0].id, 2)] == [(one.uid, one.revision) for one in again.orders]


async def test_changed_after_is_strict_and_a_token_overrules_it(world: World) -> None:
    """The point in time is where to begin, never where to go on."""
    made = orders(9)
    await world.keep(*made)
    begin = Timestamp()
    begin.FromMilliseconds(T0 + 1)
    [batch] = await batches(world, changed_after=begin)
    assert [one.id for one in made[6:]] == uids([batch])
    late = Timestamp()
    late.FromMilliseconds(T0 + 1_000)
    await world.keep(order("new", at=T0 + 4))
    [more] = await batches(world, changed_after=late, resume_token=batch.resume_token)
    assert [order("new").id] == uids([more])


async def test_what_was_just_written_waits_for_the_settle_lag(store: Store) -> None:
    """Writers' clocks differ a little: a record younger than the lag comes with a later call."""
    now = [T0 + 1_000]
    async with open_world(store, clock=lambda: now[0], settle_lag=1.0) as world:
        await world.keep(order("settled", at=T0), order("fresh", at=T0 + 1))
        [first] = await batches(world)
        assert [order("settled").id] == uids([first])
        await world.keep(order("late writer", at=T0 + 1))
        now[0] += 1
        [second] = await batches(world, resume_token=first.resume_token)
        assert {order("fresh").id, order("late writer").id} == set(uids([second]))


async def test_batches_of_big_records_are_bounded_by_bytes(world: World) -> None:
    """Ten orders of 200 kB make several messages, each far below the 4 MiB that clients accept."""
    made = orders(10, padding=200_000)
    await world.keep(*made)
    received = await batches(world)
    assert [one.id for one in made] == uids(received)
    assert len(received) > 1
    assert max(batch.ByteSize() for batch in received) < 2 * MIB


async def test_a_record_too_big_for_a_message_comes_by_its_head(world: World) -> None:
    """It does not block the stream: name, revision and times come, the rest is read over REST."""
    await world.keep(order("before"), order("big", at=T0 + 1, padding=5 * MIB), order("behind", at=T0 + 2))
    received = [one for batch in await batches(world) for one in batch.orders]
    assert [False, True, False] == [one.oversized for one in received]
    big = received[1]
    assert ("orders/big", 1, "", "", "odp_v1", "") == (
        big.name,
        big.revision,
        big.order_id,
        big.status,
        big.sources[0].source,
        big.sources[0].json,
    )
    assert not big.HasField("place_time")


async def test_pages_and_batch_gets_keep_below_four_mebibytes(world: World) -> None:
    """A page is cut short; a batch get, which may not be, is RESOURCE_EXHAUSTED."""
    made = orders(3, padding=2 * MIB)
    await world.keep(*made)
    stub = orders_pb2_grpc.OrdersStub(world.channel)
    page = await stub.ListOrders(orders_pb2.ListOrdersRequest(), metadata=caller())
    assert (1, True) == (len(page.orders), bool(page.next_page_token))
    names = [f"orders/{one.fields['order_id']}" for one in made]
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await stub.BatchGetOrders(orders_pb2.BatchGetOrdersRequest(names=names), metadata=caller())
    assert grpc.StatusCode.RESOURCE_EXHAUSTED == raised.value.code()


async def test_a_token_of_another_stream_is_an_invalid_argument(world: World) -> None:
    """Another tenant's, another entity's, a page token or a damaged one."""
    await world.keep(*orders(2), customer())
    [batch] = await batches(world)
    stub = orders_pb2_grpc.OrdersStub(world.channel)
    page = await stub.ListOrders(orders_pb2.ListOrdersRequest(page_size=1), metadata=caller())
    customers: Any = customers_pb2_grpc.CustomersStub(world.channel).StreamCustomers(
        customers_pb2.StreamCustomersRequest(), metadata=caller()
    )
    foreign = (await customers.read()).resume_token
    customers.cancel()
    attempts = (
        {"resume_token": batch.resume_token, "tenant": OTHER},
        {"resume_token": foreign},
        {"resume_token": page.next_page_token},
        {"resume_token": batch.resume_token[1:]},
    )
    for attempt in attempts:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await batches(world, **attempt)
        assert grpc.StatusCode.INVALID_ARGUMENT == raised.value.code()


@every_entity
async def test_every_entity_streams(world: World, surface: Surface) -> None:
    """The five streams are one code, each with its own messages."""
    await world.keep(surface.make("a"), surface.make("b", at=T0 + 1))
    request = getattr(surface.messages, f"Stream{surface.title}Request")()
    call = surface.method(world, f"Stream{surface.title}")(request, metadata=caller())
    received = [[one.name for one in getattr(batch, surface.plural)] async for batch in call]
    assert [[surface.name("a"), surface.name("b")]] == received
