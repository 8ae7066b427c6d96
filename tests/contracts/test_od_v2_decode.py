"""What Open Delivery v2 records are in canonical terms (contracts E)."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from contracts.od_v2.examples import EXAMPLES
from domain.decide import decide
from domain.fold import Effect, first_stands, newest_stands
from domain.identity import IdentityKey, KeyKind
from domain.records import Entity, Outcome, Record, derived_id
from tests.support.od_v2_bodies import ORIGIN, decoded, example, record_of

_OURS = "cust_0123456789ABCDEFGHJKMNPQRS"


def _keys(**changes: Any) -> list[str]:
    customer = {"identifier": {"type": "custom", "value": "c-1"}, **changes}
    return [key.encode() for key in record_of("customers", customer).identities]


def _order(**members: Any) -> dict[str, Any]:
    return record_of("orders", {"id": "o-1", **members}).fields


def test_the_enriched_customer_of_the_seed() -> None:
    """Its columns, its keys, and what it is called."""
    record = record_of("customers", EXAMPLES["customers"]["enriched"])
    expected = {
        "status": "active",
        "identifier": {"type": "external_id", "value": "crm:customer:93821"},
        "display_name": "Maria Silva",
        "external_ids": [
            {"source": "PDV", "source_name": "PDV Loja Centro", "key": "customerCode", "value": "C12345"}
        ],
        "emails": [
            {"value": "maria.silva@example.com", "normalized": "maria.silva@example.com", "is_primary": True}
        ],
        "metadata": EXAMPLES["customers"]["enriched"]["metadata"],
    }
    assert expected == record.fields
    assert "external_id:crm:customer:93821" == record.key
    assert (ORIGIN.accepted_at, "ing_0000", 0) == record.version
    assert [
        "identifier:external_id:crm:customer:93821",
        "external:crm:customer:93821",
        "external:PDV:C12345",
        "email:maria.silva@example.com",
        "name:customer:93821",
        "name:C12345",
    ] == [key.encode() for key in record.identities]


def test_everything_a_customer_can_have() -> None:
    """Both names of a document's and a phone's number, of a district and of a place."""
    fields = record_of(
        "customers",
        {
            "id": "mine",
            "identifier": {"type": "document", "value": "123.456.789-09"},
            "document": {"type": "CPF", "value": "123.456.789-09", "country": "BR", "issuer": "SSP"},
            "contacts": {
                "phones": [
                    {"number": "11 99999-0000", "type": "mobile", "countryCode": "55", "extension": "1"},
                    {"phone": "no", "isPrimary": False},
                ],
                "chat": "x",
            },
            "demographics": {"birthDate": "1990-02-28", "gender": "f", "maritalStatus": "single"},
            "address": {"district": "Sé", "coordinates": {"latitude": 1, "longitude": 2}, "postalCode": "01"},
            "merchantId": "m",
            "createdAt": "2026-01-01T00:00:00.123456-03:00",
        },
    ).fields
    expected = {
        "status": "active",
        "identifier": {"type": "document", "value": "123.456.789-09"},
        "logical_ids": ["mine"],
        "document": {"number": "123.456.789-09", "type": "CPF", "country": "BR", "issuer": "SSP"},
        "phones": [
            {
                "value": "11 99999-0000",
                "normalized": "+5511999990000",
                "type": "mobile",
                "country_code": "55",
                "extension": "1",
            },
            {"value": "no", "is_primary": False},
        ],
        "other_contacts": {"chat": "x"},
        "demographics": {"birth_date": "1990-02-28", "gender": "f", "marital_status": "single"},
        "birth_date": "1990-02-28",
        "gender": "f",
        "addresses": [
            {"neighborhood": "Sé", "postal_code": "01", "geo": {"latitude": 1, "longitude": 2}},
        ],
        "merchant_id": "m",
        "source_created_at": datetime(2026, 1, 1, 3, 0, 0, 123_000, tzinfo=UTC),
    }
    assert expected == fields


@pytest.mark.parametrize(
    ("changes", "keys"),
    [
        ({}, ["identifier:custom:c-1"]),
        ({"id": _OURS}, [f"customer:{_OURS}", "identifier:custom:c-1"]),
        ({"id": "mine"}, ["logical:mine", "identifier:custom:c-1"]),
        (
            {"identifier": {"type": "email", "value": " A@X.com"}},
            ["identifier:email:a@x.com", "email:a@x.com"],
        ),
        (
            {"identifier": {"type": "phone", "value": "(11) 99999-0000"}},
            ["identifier:phone:+5511999990000", "phone:+5511999990000"],
        ),
        (
            {"identifier": {"type": "document", "value": "1.2-3"}, "document": {"number": "123"}},
            ["identifier:document:123", "document:123"],
        ),
        (
            {"identifier": {"type": "external_id", "value": "x"}, "contacts": {"emails": [{"email": "a@x"}]}},
            ["identifier:external_id:x", "external:default:x", "email:a@x", "name:x"],
        ),
    ],
)
def test_identity_keys_strongest_first(changes: dict[str, Any], keys: list[str]) -> None:
    """Contracts E.3; an identifier of another contract's kind is that kind's key, too."""
    assert keys == _keys(**changes)


def test_a_customer_has_the_version_that_its_sender_says() -> None:
    """Else it was true when it was accepted."""
    said = record_of("customers", example("customers", updatedAt="2026-06-01T00:00:00Z"), 5)
    unreadable = record_of("customers", example("customers", updatedAt="June"), 5)
    assert 1_780_272_000_000 == said.version.at
    assert ORIGIN.accepted_at + 5 == unreadable.version.at


def test_the_lead_of_the_seed() -> None:
    """Its keys are its id and its external ids; filters find it by the value alone as well."""
    record = record_of("leads", example("leads"))
    expected = {
        "lead_id": "lead-001",
        "name": "Ana Souza",
        "contact": "ana.souza@example.com",
        "external_ids": [{"source": "CRM", "source_name": "CRM Core", "key": "leadCode", "value": "L-1020"}],
        "external_keys": ["CRM:L-1020", "L-1020"],
    }
    assert expected == record.fields
    keys = (IdentityKey(KeyKind.LEAD_ID, "lead-001"), IdentityKey(KeyKind.LEAD, "external:CRM:L-1020"))
    assert ("lead-001", keys) == (record.key, record.identities)


def test_what_a_lead_is_called() -> None:
    """Its id, else its first external id, else a name that no other lead has."""
    unnamed, other = decoded("leads", {"name": "a"}, {"name": "a"}).records
    assert unnamed[1].key != other[1].key
    assert "external:CRM:L-1020" == record_of("leads", example("leads", id=...)).key
    ours = record_of("leads", {"id": "lead_0123456789ABCDEFGHJKMNPQRS"})
    assert ["customer"] == [key.kind for key in ours.identities]
    linked = record_of("leads", example("leads", customerRef="c", contact={"type": "phone", "value": "1"}))
    assert ("id:c", "1") == (linked.fields["customer_ref"], linked.fields["contact"])


def test_a_whole_order() -> None:
    """E.5: what lists filter by, and amounts as exact decimals."""
    expected = {
        "order_id": "b1a1d7cc-3c4f-4f1e-9d52-7a0f6e0a8c11",
        "sales_channel": "app",
        "merchant_id": "merchant-01",
        "display_id": "4711",
        "type": "TAKEOUT",
        "status": "CONFIRMED",
        "amount": "79.9",
        "currency": "BRL",
        "placed_at": datetime(2026, 6, 1, 11, 30, tzinfo=UTC),
        "items_count": 1,
    }
    record = record_of("orders", EXAMPLES["orders"]["whole"])
    assert expected == record.fields
    assert record.fold is newest_stands


@pytest.mark.parametrize(
    ("customer", "reference"),
    [
        ({"id": "c", "documentNumber": "1"}, "id:c"),
        ({"documentNumber": "1.2", "phone": {"number": "11 99999-0000"}}, "document:12"),
        ({"phone": {"number": "11 99999-0000"}, "email": "a"}, "phone:+5511999990000"),
        ({"phone": {"number": "?"}, "email": "A@x"}, "email:a@x"),
        ({}, None),
        (None, None),
    ],
)
def test_who_ordered(customer: Any, reference: str | None) -> None:
    """By the strongest name that the order has of him."""
    assert reference == _order(customer=customer).get("customer_ref")


def test_amounts_and_states_of_orders() -> None:
    """`status` goes before `lastEvent`; an empty order has no count of items that are not told."""
    fields = _order(status="x", lastEvent="CREATED", items=[], total={"orderAmount": {"value": 1e21}})
    assert ("x", 0, "1000000000000000000000") == (fields["status"], fields["items_count"], fields["amount"])
    assert "1200" == _order(total={"orderAmount": {"value": 1200}})["amount"]


def test_the_review_of_the_seed() -> None:
    """A review does not change."""
    record = record_of("reviews", example("reviews"))
    expected = {
        "review_id": "rev-001",
        "review_type": "ORDER",
        "rating": {"style": "STAR", "value": 4.0, "comment": "Fast delivery and good food."},
        "order_id": "ord-001",
        "merchant_id": "merchant-01",
        "customer_ref": "id:cust-001",
        "reviewed_at": datetime(2026, 6, 1, 12, tzinfo=UTC),
        "source": {"system": "CRM", "channel": "DELIVERY_APP"},
    }
    assert expected == record.fields
    assert record.fold is first_stands
    by_email = record_of("reviews", example("reviews", customer={"email": "A@x"}))
    assert "email:a@x" == by_email.fields["customer_ref"]


def test_a_review_without_an_id_gets_one() -> None:
    """The same wherever its ingestion is decoded, and no other review's."""
    review = example("reviews", reviewId=...)
    first, again = record_of("reviews", review), record_of("reviews", review)
    assert first == again
    assert first.key == first.fields["review_id"]
    assert f'"reviewId":"{first.key}"' in first.document
    assert first.key != record_of("reviews", review, 1).key


@pytest.mark.parametrize(("plural", "changes"), [("reviews", {}), ("events", {"id": "e-1"})])
def test_facts_with_an_id_do_not_change(plural: str, changes: dict[str, Any]) -> None:
    """The same again is known; another content under the id is a conflict, and dead."""
    first = record_of(plural, example(plural, **changes))
    again = record_of(plural, example(plural, **changes), 1)
    other = record_of(plural, example(plural, **changes, extra=1), 2)
    stored = decide(None, first, "x", 0).stored
    assert Outcome.UNCHANGED == decide(stored, again, "x", 0).outcome
    dead = decide(stored, other, "x", 0)
    assert (Outcome.DEAD, "CONFLICT") == (dead.outcome, dead.fault and dead.fault.code)


def test_the_event_of_the_seed() -> None:
    """Found by a spelling that all vocabularies share."""
    record = record_of("events", example("events"))
    expected = {
        "event_type": "ORDER_COMPLETED",
        "event_type_norm": "order.completed",
        "occurred_at": datetime(2026, 6, 1, 12, 30, tzinfo=UTC),
        "customer_ref": "id:cust-001",
    }
    assert expected == record.fields
    assert 1_780_317_000_000 == record.version.at


def _event(**changes: Any) -> Record:
    return record_of("events", example("events", **changes))


def test_events_without_an_id_are_one_where_they_say_the_same() -> None:
    """Type, instant, customer and data count; the way the instant is written does not."""
    key = _event().key
    assert key == _event(occurredAt="2026-06-01T09:30:00-03:00").key
    others = [
        _event(customerId="c"),
        _event(data={}),
        _event(eventType="x"),
        _event(occurredAt="2026-06-01T12:30:01Z"),
    ]
    assert 5 == len({key, *(one.key for one in others)})
    assert "e-1" == _event(eventId="e-1").key


def test_an_event_said_twice_changes_nothing() -> None:
    """With another unknown member, too, it is the same fact."""
    first, again = _event(), replace(_event(extra=1), version=_event().version._replace(index=1))
    assert first.key == again.key
    assert Effect.CONFLICTING is not again.fold(first.state(), again).effect


def test_records_are_derived_from_what_the_sender_calls_them() -> None:
    """So that reads by id find them without a search."""
    order = record_of("orders", {"id": "o-1"})
    assert derived_id(Entity.ORDER, "tenant-a", "o-1") == derived_id(Entity.ORDER, "tenant-a", order.anchor)
