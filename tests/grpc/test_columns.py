"""What Open Delivery v2 brings, and what is absent."""

import json
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict

from domain.clock import from_millis
from domain.records import Entity
from tests.support.grpc_surfaces import CUSTOMERS, EVENTS, LEADS, ORDERS, REVIEWS, Surface, every_entity
from tests.support.grpc_world import T0, World, event, lead, order, review, stored

CUSTOMER: dict[str, Any] = {
    "status": "active",
    "identifier": {"type": "custom", "value": "77"},
    "merchant_id": "m-1",
    "document": {"type": "CPF", "number": "123", "country": "BR", "issuer": "SSP"},
    "emails": [{"value": "a@b.c", "normalized": "a@b.c", "type": "work", "is_primary": True}],
    "phones": [{"value": "1", "type": "mobile", "country_code": "55", "extension": "9", "verified": True}],
    "external_ids": [{"source": "PDV", "source_name": "Loja", "key": "code", "value": "C1"}],
    "demographics": {
        "birth_date": "1990-02-28",
        "gender": "female",
        "marital_status": "single",
        "language": "pt",
        "nationality": "BR",
    },
    "addresses": [
        {
            "type": "home",
            "street": "Rua A",
            "number": "1",
            "complement": "ap. 2",
            "neighborhood": "Centro",
            "city": "São Paulo",
            "state": "SP",
            "postal_code": "01000-000",
            "country": "BR",
            "reference": "by the bank",
            "formatted_address": "Rua A, 1",
            "geo": {"latitude": -23.5, "longitude": -46.6},
            "is_primary": True,
        },
        {"city": "Rio"},
    ],
    "metadata": {"big": 2**62, "$a.b": [None, 1.5, {"x": "ü"}]},
    "other_contacts": {"instagram": "@maria"},
}


async def test_a_customer_comes_with_what_open_delivery_v2_says(world: World) -> None:
    """Each column under its own name; free objects as JSON text, with every digit of their numbers."""
    record = stored(Entity.CUSTOMER, "v2", CUSTOMER)
    await world.keep(record)
    found = await CUSTOMERS.get(world, f"customers/{record.id}")
    assert CUSTOMER["metadata"] == json.loads(found.metadata_json)
    assert CUSTOMER["other_contacts"] == json.loads(found.other_contacts_json)
    shown = MessageToDict(found, preserving_proto_field_name=True)
    head = {"name", "uid", "revision", "create_time", "update_time", "sources"}
    contacts = {
        "emails": [{"value": "a@b.c", "normalized": "a@b.c", "type": "work", "primary": True}],
        "phones": [
            {"value": "1", "type": "mobile", "country_code": "55", "extension": "9", "verified": True}
        ],
        "addresses": [
            {("primary" if name == "is_primary" else name): value for name, value in address.items()}
            for address in CUSTOMER["addresses"]
        ],
    }
    texts = {name: shown[name] for name in ("metadata_json", "other_contacts_json")}
    rest = {name: value for name, value in CUSTOMER.items() if name not in ("metadata", "other_contacts")}
    assert {**rest, **contacts, **texts} == {name: shown[name] for name in shown.keys() - head}


async def test_the_other_entities_come_with_what_open_delivery_v2_says(world: World) -> None:
    """Leads, orders, reviews and events."""
    external = {"source": "crm", "value": "9"}
    brought = {
        LEADS: lead(name="Ana", contact="ana@b.c", external_ids=[external], metadata={"a": 1}),
        ORDERS: order(
            merchant_id="m-1", display_id="55", type="DELIVERY", amount="79.90", currency="BRL", items_count=0
        ),
        REVIEWS: review(
            order_id="o-1",
            merchant_id="m-1",
            reviewed_at=from_millis(T0),
            source={"system": "app", "channel": "ios"},
        ),
        EVENTS: event(event_id="e-1"),
    }
    await world.keep(*brought.values())
    found_lead, found_order, found_review, found_event = [
        MessageToDict((await surface.list(world))[0][0], preserving_proto_field_name=True)
        for surface in brought
    ]
    assert {"display_name": "Ana", "contact": "ana@b.c", "external_ids": [external]}.items() <= (
        found_lead.items()
    )
    assert '{"a":1}' == found_lead["metadata_json"]
    facts = {"merchant_id": "m-1", "display_id": "55", "type": "DELIVERY", "amount": "79.90"}
    assert {**facts, "currency": "BRL", "items_count": 0}.items() <= found_order.items()
    about = {"order_id": "o-1", "merchant_id": "m-1", "source": {"system": "app", "channel": "ios"}}
    assert about.items() <= found_review.items()
    assert found_review["review_time"] == found_review["create_time"]
    assert "e-1" == found_event["event_id"]


@every_entity
async def test_what_nobody_said_is_absent(world: World, surface: Surface) -> None:
    """A record with no column but what names it, if that: head and nothing else."""
    full = surface.make("k")
    own_id = {name: value for name, value in full.fields.items() if name == f"{full.entity}_id"}
    bare = stored(full.entity, "k", {} if full.entity in (Entity.LEAD, Entity.EVENT) else own_id)
    await world.keep(bare)
    [found], _ = await surface.list(world)
    head = {"name", "uid", "revision", "create_time", "update_time", "sources"}
    assert set(own_id if full.entity in (Entity.ORDER, Entity.REVIEW) else ()) == (
        {field.name for field, _ in found.ListFields()} - head
    )
    assert found == await surface.get(world, found.name)


@pytest.mark.parametrize("lead_id", [None, "lead_01ARZ3NDEKTSV4RRFFQ69G5FAV"])
async def test_a_lead_without_an_id_of_its_own_is_named_by_its_uid(world: World, lead_id: str | None) -> None:
    """Or with an id that looks like one of ours."""
    known = stored(Entity.LEAD, "external:crm:9", {"lead_id": lead_id} if lead_id else {})
    await world.keep(known)
    [found], _ = await LEADS.list(world)
    assert (f"leads/{known.id}", lead_id or "") == (found.name, found.lead_id)
    assert [found] == await LEADS.batch_get(world, [found.name])


async def test_a_lead_that_got_its_id_later_is_named_by_it(world: World) -> None:
    """It was stored under an external id; its name leads to it all the same."""
    known = stored(Entity.LEAD, "external:crm:9", {"lead_id": "later/1"})
    await world.keep(known)
    await world.store.identities.claim(known.tenant, {"lead_id:later/1": known.id})
    found = await LEADS.get(world, "leads/later%2F1")
    assert ("leads/later%2F1", known.id) == (found.name, found.uid)
    assert [found] == await LEADS.batch_get(world, [found.name])
