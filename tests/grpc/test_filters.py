"""The filters of lists, and the orders they are in."""

from typing import Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from domain.clock import from_millis
from domain.records import Stored
from tests.support.grpc_surfaces import CUSTOMERS, EVENTS, LEADS, ORDERS, REVIEWS, Surface
from tests.support.grpc_world import OTHER, T0, World, customer, event, lead, order, review

DATES = {ORDERS: "placed_at", REVIEWS: "reviewed_at", EVENTS: "occurred_at"}
dated = pytest.mark.parametrize("surface", DATES, ids=lambda surface: surface.plural)


def moment(millis: int, nanos: int = 0) -> Timestamp:
    """A caller's timestamp."""
    given = Timestamp()
    given.FromMilliseconds(millis)
    given.nanos += nanos
    return given


def at(surface: Surface, key: str, occurred: int, version: int = 0) -> Stored:
    """A record that happened, and was changed, so many milliseconds after T0."""
    return surface.make(key, at=T0 + version, **{DATES[surface]: from_millis(T0 + occurred)})


FILTERS: tuple[tuple[Surface, dict[str, Any], Stored, Stored], ...] = (
    (CUSTOMERS, {"merchant_id": "m"}, customer("a", merchant_id="m"), customer("b", merchant_id="n")),
    (LEADS, {"external_id": "crm:1"}, lead("a", external_keys=["crm:1", "1"]), lead("b")),
    (
        LEADS,
        {"external_id": "1"},
        lead("a", external_keys=["crm:1", "1"]),
        lead("b", external_keys=["crm:2"]),
    ),
    (ORDERS, {"merchant_id": "m"}, order("a", merchant_id="m"), order("b")),
    (ORDERS, {"sales_channel": "ifood"}, order("a", sales_channel="ifood"), order("b")),
    (REVIEWS, {"order_id": "o"}, review("a", order_id="o"), review("b", order_id="p")),
    (REVIEWS, {"merchant_id": "m"}, review("a", merchant_id="m"), review("b")),
    (EVENTS, {"event_type": "ORDER_CANCELLED"}, event("a", event_type_norm="order.canceled"), event("b")),
)


@pytest.mark.parametrize(("surface", "request_fields", "wanted", "other"), FILTERS)
async def test_a_filter_leaves_the_others_out(
    world: World, surface: Surface, request_fields: dict[str, Any], wanted: Stored, other: Stored
) -> None:
    """And so do pages of it; another tenant's never come."""
    await world.keep(wanted, other)
    page, token = await surface.list(world, **request_fields, page_size=1)
    assert ([wanted.id], "") == ([one.uid for one in page], token)
    assert ([], "") == await surface.list(world, tenant=OTHER, **request_fields)


@dated
async def test_a_list_by_occurrence_is_in_its_order_and_exclusive(world: World, surface: Surface) -> None:
    """Later than the one, earlier than the other; digits below milliseconds count."""
    await world.keep(*(at(surface, f"k{number}", number, version=9 - number) for number in range(5)))
    ids = [at(surface, f"k{number}", number).id for number in range(5)]
    for after, before, expected in (
        (moment(T0), moment(T0 + 4), ids[1:4]),
        (moment(T0, 900), moment(T0 + 3, 1), ids[1:4]),
        (moment(T0 - 1), moment(T0), []),
    ):
        page, _ = await surface.list(world, occurred_after=after, occurred_before=before)
        assert expected == [one.uid for one in page]


@dated
async def test_latest_first_turns_either_order_round(world: World, surface: Surface) -> None:
    """Page by page, to the end."""
    await world.keep(*(at(surface, f"k{number}", number, version=9 - number) for number in range(3)))
    ids = [at(surface, f"k{number}", number).id for number in range(3)]
    cases: tuple[tuple[dict[str, Any], list[str]], ...] = (
        ({}, ids),
        ({"occurred_after": moment(T0 - 1)}, ids[::-1]),
    )
    for filters, expected in cases:
        found, token = [], ""
        while True:
            page, token = await surface.list(
                world, latest_first=True, page_size=2, page_token=token, **filters
            )
            found += [one.uid for one in page]
            if not token:
                break
        assert expected == found


@dated
@pytest.mark.parametrize("name", ["occurred_after", "occurred_before"])
async def test_two_ranges_of_different_times_are_an_invalid_argument(
    world: World, surface: Surface, name: str
) -> None:
    """No list is in two orders."""
    ranges: dict[str, Any] = {"updated_after": moment(T0), name: moment(T0)}
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await surface.list(world, **ranges)
    assert grpc.StatusCode.INVALID_ARGUMENT == raised.value.code()


async def test_a_token_belongs_to_its_filter_and_direction(world: World) -> None:
    """Another filter, or the other way round, is an invalid argument."""
    await world.keep(*(order(f"k{number}", merchant_id="m") for number in range(3)))
    _, token = await ORDERS.list(world, merchant_id="m", page_size=1)
    cases: tuple[dict[str, Any], ...] = (
        {},
        {"merchant_id": "n"},
        {"merchant_id": "m", "latest_first": True},
    )
    for filters in cases:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await ORDERS.list(world, page_token=token, **filters)
        assert grpc.StatusCode.INVALID_ARGUMENT == raised.value.code()
