"""Get, BatchGet and List of every entity."""

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from domain.clock import from_millis
from domain.records import Entity, derived_id
from tests.support.grpc_surfaces import (
    CUSTOMERS,
    EVENTS,
    LEADS,
    ORDERS,
    REVIEWS,
    Surface,
    every_entity,
    failure,
)
from tests.support.grpc_world import OTHER, T0, TENANT, World, customer, event, lead, order, review


async def test_a_customer_comes_with_every_column_and_the_document_as_sent(world: World) -> None:
    """Typed columns, times of both clocks, and the sender's JSON verbatim."""
    record = customer()
    await world.keep(record)
    found = await CUSTOMERS.get(world, f"customers/{record.id}")
    assert (f"customers/{record.id}", record.id, 1) == (found.name, found.uid, found.revision)
    assert ("active", "Maria Souza", "1990-02-28", "female") == (
        found.status,
        found.display_name,
        found.birth_date,
        found.gender,
    )
    assert (["customer-123"], "12345678909") == (list(found.logical_ids), found.document.number)
    assert [("app", "customer-123")] == [(one.source, one.value) for one in found.external_ids]
    assert [(" Maria@Example.com", "maria@example.com")] == [(e.value, e.normalized) for e in found.emails]
    assert [("11 99999-0000", "+5511999990000"), ("no number", "")] == [
        (phone.value, phone.normalized) for phone in found.phones
    ]
    assert [("marketing", "any", "opt_in", "consent")] == [
        (one.purpose, one.channel, one.status, one.legal_basis) for one in found.consents
    ]
    assert [T0, T0, T0 - 2_000, T0] == [
        found.create_time.ToMilliseconds(),
        found.update_time.ToMilliseconds(),
        found.source_create_time.ToMilliseconds(),
        found.source_update_time.ToMilliseconds(),
    ]
    [source] = found.sources
    assert ("odp_v1", "customer-123", T0) == (source.source, source.key, source.version_time.ToMilliseconds())
    assert record.sources["odp_v1"].document == source.json


async def test_the_other_entities_come_with_their_columns(world: World) -> None:
    """Leads, orders, reviews and events, each with its own fields."""
    await world.keep(lead(), order(), review(), event())
    found_lead = await LEADS.get(world, "leads/lead-7")
    assert ("lead-7", "campaign", "new", "logical:customer-123") == (
        found_lead.lead_id,
        found_lead.source,
        found_lead.status,
        found_lead.customer_ref,
    )
    found_order = await ORDERS.get(world, "orders/order-55")
    assert ("order-55", "app", "completed") == (
        found_order.order_id,
        found_order.sales_channel,
        found_order.status,
    )
    assert (T0 + 1, T0 + 1_002) == (
        found_order.place_time.ToMilliseconds(),
        found_order.complete_time.ToMilliseconds(),
    )
    assert not found_order.HasField("cancel_time")
    found_review = await REVIEWS.get(world, "reviews/review-3")
    assert ("review-3", "ORDER", "order", "") == (
        found_review.review_id,
        found_review.review_type,
        found_review.reference_type,
        found_review.customer_ref,
    )
    assert ("OTHER", 4.5, "bom") == (
        found_review.rating.style,
        found_review.rating.value,
        found_review.rating.comment,
    )
    found_event = await EVENTS.get(world, f"events/{event().id}")
    assert ("CUSTOMER_UPDATED", "customer.updated", "customer", T0) == (
        found_event.event_type,
        found_event.normalized_event_type,
        found_event.entity_type,
        found_event.occur_time.ToMilliseconds(),
    )


@pytest.mark.parametrize("key", ["a/b c", "50%", "ção:é", "..", "%2F", "\x00x"])
async def test_a_sender_id_may_hold_any_character(world: World, key: str) -> None:
    """Percent-encoded in the name, as it is in the field, and the name answered gets the order again."""
    await world.keep(order(key))
    found = await ORDERS.get(world, f"orders/{quote(key, safe='')}")
    assert key == found.order_id
    assert found == await ORDERS.get(world, found.name)


async def test_a_review_whose_id_portico_made_up_is_named_by_it(world: World) -> None:
    """It looks like a stored id and is none."""
    made_up = derived_id(Entity.REVIEW, TENANT, "ing_1/0")
    await world.keep(review(made_up))
    assert made_up == (await REVIEWS.get(world, f"reviews/{made_up}")).review_id
    assert [f"reviews/{made_up}"] == [one.name for one in (await REVIEWS.list(world))[0]]


@every_entity
async def test_unknown_and_foreign_ids_answer_the_same(world: World, surface: Surface) -> None:
    """Another tenant's record answers NOT_FOUND, to the byte as an unknown one (invariant 8)."""
    await world.keep(surface.make("theirs", tenant=OTHER))
    answers = []
    for key in ("theirs", "nobody's"):
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await surface.get(world, surface.name(key, OTHER))
        answers.append(failure(raised))
    assert answers[0] == answers[1]
    assert grpc.StatusCode.NOT_FOUND == answers[0][0]


@every_entity
@pytest.mark.parametrize(
    "name", ["", "nonsense", "{}/", "{}/a/b", "x/{}", "{}/%zz", "{}/%ff", "{}/" + "x" * 5000]
)
async def test_a_name_of_another_shape_is_an_invalid_argument(
    world: World, surface: Surface, name: str
) -> None:
    """A name that cannot be one of the collection never reaches the store."""
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await surface.get(world, name.replace("{}", surface.plural))
    assert grpc.StatusCode.INVALID_ARGUMENT == raised.value.code()


@every_entity
async def test_batch_get_keeps_the_order_asked_for(world: World, surface: Surface) -> None:
    """Several names, one of them twice, come back in their order; none of no names."""
    await world.keep(*(surface.make(key) for key in ("a", "b", "c")))
    names = [surface.name(key) for key in ("c", "a", "c", "b")]
    assert names == [one.name for one in await surface.batch_get(world, names)]
    assert [] == list(await surface.batch_get(world, []))


@every_entity
async def test_batch_get_is_all_or_nothing_unless_told(world: World, surface: Surface) -> None:
    """The first missing name fails the call, a foreign one as an unknown one; allow_missing skips them."""
    await world.keep(surface.make("a"), surface.make("theirs", tenant=OTHER))
    names = [surface.name("a"), surface.name("theirs", OTHER), surface.name("unknown")]
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await surface.batch_get(world, names)
    assert (grpc.StatusCode.NOT_FOUND, f"{names[1]} not found") == failure(raised)
    found = await surface.batch_get(world, names, allow_missing=True)
    assert names[:1] == [one.name for one in found]


async def test_batch_get_takes_a_thousand_names(world: World) -> None:
    """1,000 names are answered, one more is an invalid argument."""
    await world.keep(order("a"))
    found = await ORDERS.batch_get(world, ["orders/a"] * 1_000)
    assert 1_000 == len(found)
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await ORDERS.batch_get(world, ["orders/a"] * 1_001)
    assert grpc.StatusCode.INVALID_ARGUMENT == raised.value.code()


@every_entity
async def test_pages_cover_the_list_once_in_version_order(world: World, surface: Surface) -> None:
    """Following next_page_token gives every record of the tenant once, by version, then id."""
    ours = [surface.make(f"k{number}", at=T0 + number // 3) for number in range(8)]
    await world.keep(*ours, surface.make("theirs", tenant=OTHER))
    expected = [one.id for one in sorted(ours, key=lambda one: (one.updated_at, one.id))]
    pages, token = [], ""
    while True:
        page, token = await surface.list(world, page_size=3, page_token=token)
        pages.append([one.uid for one in page])
        if not token:
            break
    assert [expected[:3], expected[3:6], expected[6:]] == pages


@every_entity
async def test_a_full_last_page_has_no_token(world: World, surface: Surface) -> None:
    """No token leads to an empty page."""
    await world.keep(*(surface.make(f"k{number}") for number in range(3)))
    page, token = await surface.list(world, page_size=3)
    assert (3, "") == (len(page), token)


async def test_page_sizes_have_a_default_and_a_bound(world: World) -> None:
    """0 means 50, more than 1,000 means 1,000, negative is an invalid argument."""
    await world.keep(*(lead(f"k{number}") for number in range(1_001)))
    assert [50, 1_000] == [len((await LEADS.list(world, page_size=size))[0]) for size in (0, 5_000)]
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await LEADS.list(world, page_size=-1)
    assert grpc.StatusCode.INVALID_ARGUMENT == raised.value.code()


@every_entity
async def test_updated_after_is_strict(world: World, surface: Surface) -> None:
    """A record of that very millisecond is left out; digits below milliseconds change nothing."""
    await world.keep(*(surface.make(f"k{number}", at=T0 + number) for number in range(3)))
    moment = Timestamp()
    moment.FromDatetime(from_millis(T0 + 1) + timedelta(microseconds=900))
    page, _ = await surface.list(world, updated_after=moment)
    assert [surface.make("k2").id] == [one.uid for one in page]


@pytest.mark.parametrize("moment", [Timestamp(nanos=-1), Timestamp(nanos=10**9), Timestamp(seconds=2**60)])
async def test_a_timestamp_out_of_range_is_an_invalid_argument(world: World, moment: Timestamp) -> None:
    """Protobuf carries them, the calendar does not."""
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await ORDERS.list(world, updated_after=moment)
    assert grpc.StatusCode.INVALID_ARGUMENT == raised.value.code()


async def test_a_list_by_customer_follows_whatever_names_him_alone(world: World) -> None:
    """Orders that name the customer by an id, a document or a phone; none by an e-mail that is shared."""
    someone = customer()
    mine = [
        order("by-logical", "logical:customer-123"),
        order("by-uid", f"id:{someone.id}"),
        order("by-name", "id:app:customer-123"),
        order("by-document", "document:12345678909"),
        order("by-phone", "phone:+5511999990000"),
    ]
    others = [order("by-email", "email:maria@example.com"), order("else", "logical:customer-4")]
    await world.keep(someone, *mine, *others)
    keys = (
        "logical:customer-123",
        "external:app:customer-123",
        "document:12345678909",
        "phone:+5511999990000",
    )
    await world.store.identities.claim(TENANT, dict.fromkeys((*keys, "email:maria@example.com"), someone.id))
    await world.store.identities.mark_shared(TENANT, ["email:maria@example.com"])
    page, _ = await ORDERS.list(world, customer=f"customers/{someone.id}")
    assert {one.id for one in mine} == {one.uid for one in page}


async def test_a_list_by_an_unknown_or_foreign_customer_is_not_found(world: World) -> None:
    """To the byte the same, so that nothing tells whether the customer exists elsewhere."""
    theirs = customer("theirs", tenant=OTHER)
    await world.keep(theirs)
    answers = []
    for customer_id in (theirs.id, derived_id(Entity.CUSTOMER, TENANT, "nobody")):
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await ORDERS.list(world, customer=f"customers/{customer_id}")
        answers.append(failure(raised))
    assert answers[0] == answers[1] == (grpc.StatusCode.NOT_FOUND, "customer not found")


async def test_a_page_token_stands_for_its_own_list_alone(world: World) -> None:
    """Damaged, of another filter, entity or tenant: an invalid argument, never another place."""
    await world.keep(
        *(lead(f"k{number}") for number in range(3)), *(order(f"k{number}") for number in range(3))
    )
    await world.keep(*(lead(f"k{number}", tenant=OTHER) for number in range(3)))
    _, token = await LEADS.list(world, page_size=1)
    attempts: tuple[tuple[Surface, dict[str, Any]], ...] = (
        (LEADS, {"page_token": token[:-2]}),
        (LEADS, {"page_token": token[:-1] + ("A" if token[-1] != "A" else "B")}),
        (LEADS, {"page_token": "!"}),
        (LEADS, {"page_token": "x" * 10_000}),
        (LEADS, {"page_token": token, "updated_after": Timestamp(seconds=1)}),
        (LEADS, {"page_token": token, "tenant": OTHER}),
        (ORDERS, {"page_token": token}),
    )
    for surface, arguments in attempts:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await surface.list(world, **arguments)
        assert grpc.StatusCode.INVALID_ARGUMENT == raised.value.code()


async def test_a_page_token_survives_a_new_key_of_the_customer(world: World) -> None:
    """A list by customer goes on although the customer gained an external id between two pages."""
    someone = customer()
    await world.keep(someone, *(order(f"k{number}") for number in range(3)))
    await world.store.identities.claim(TENANT, {"logical:customer-123": someone.id})
    name = f"customers/{someone.id}"
    first, token = await ORDERS.list(world, customer=name, page_size=2)
    await world.store.identities.claim(TENANT, {"external:crm:9": someone.id})
    second, token = await ORDERS.list(world, customer=name, page_size=2, page_token=token)
    assert (3, "") == (len({one.uid for one in (*first, *second)}), token)
