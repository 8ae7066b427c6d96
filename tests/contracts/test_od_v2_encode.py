"""What the reads of both contracts answer of a record that came by one of them, or by both."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.od_v2 import encode
from contracts.od_v2.examples import EXAMPLES
from contracts.odp_v1.encode import customer_json as odp_v1_customer_json
from contracts.odp_v1.encode import order_json as odp_v1_order_json
from contracts.operations import Checked
from contracts.registry import OPERATIONS
from domain.records import Record, Stored
from tests.support.od_v2_bodies import CUSTOMERS, LEADS, ORIGIN, body, example, record_of, stored_of
from tests.support.odp_v1_bodies import bodies, one
from tests.support.odp_v1_bodies import example as odp_v1_example

ENCODE: dict[str, Callable[[Stored], bytes]] = {
    "customers": encode.customer_json,
    "leads": encode.lead_json,
    "orders": encode.order_json,
    "reviews": encode.review_json,
    "events": encode.event_json,
}
_OUTPUT = ("id", "createdAt", "updatedAt")
LATER = "2030-01-01T00:00:00Z"


def _shown(plural: str, *records: Record) -> Any:
    return json.loads(ENCODE[plural](stored_of(*records)))


def _odp_v1(plural: str, **changes: Any) -> Record:
    """A record of the ODP v1 binding."""
    [(_, record)] = OPERATIONS[f"odp.v1.{plural}"].decode(one(plural, **changes), ORIGIN).records
    return record


def _without(document: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in names}


@pytest.mark.parametrize(
    ("plural", "name", "record"),
    [(plural, name, one) for plural, some in EXAMPLES.items() for name, one in some.items()],
)
def test_the_examples_come_back(plural: str, name: str, record: dict[str, Any]) -> None:
    """All that came in, and of customers and leads what is always answered."""
    record = {**record, "unknown": {"$x.y": [1.5, None]}}
    shown = _shown(plural, record_of(plural, record))
    added = shown.keys() - record.keys()
    assert record == _without(shown, *added)
    assert added <= set(_OUTPUT)


@pytest.mark.parametrize(("plural", "words"), [("customers", CUSTOMERS), ("leads", LEADS)])
@settings(max_examples=80)
@given(data=st.data())
def test_what_is_answered_can_be_posted_and_says_the_same(
    plural: str, words: st.SearchStrategy[dict[str, Any]], data: st.DataObject
) -> None:
    """Round trip of generated records: posting what GET shows changes nothing of it."""
    record = record_of(plural, data.draw(words))
    shown = _shown(plural, record)
    assert Checked(1) == OPERATIONS[f"od.v2.{plural}"].check(body(plural, shown))
    again = record_of(plural, _without(shown, "updatedAt"), 1)
    assert _without(shown, "updatedAt") == _without(_shown(plural, record, again), "updatedAt")


@settings(max_examples=80)
@given(word=CUSTOMERS)
def test_nothing_of_a_customer_is_lost(word: dict[str, Any]) -> None:
    """But for nulls, which clear, and elements said twice, which are one."""
    shown = _shown("customers", record_of("customers", word))
    for name in word.keys() - {"address", "addresses", "contacts", "externalIds", "metadata", "demographics"}:
        assert word[name] == shown.get(name)
    for name in ("metadata", "demographics"):
        said = {key: value for key, value in (word.get(name) or {}).items() if value is not None}
        assert said == (shown.get(name) or {})
    for one_id in word.get("externalIds") or []:
        assert (one_id["source"], one_id["value"]) in {
            (known["source"], known["value"]) for known in shown["externalIds"]
        }


def test_of_several_primary_elements_the_last_said_is() -> None:
    """Each was the primary one when it was said."""
    emails = [{"email": "a@x", "isPrimary": True}, {"email": "b@x", "isPrimary": True}]
    records = [
        record_of("customers", example("customers", contacts={"emails": [email]}), at)
        for at, email in enumerate(emails)
    ]
    expected = [{"email": "a@x", "isPrimary": False}, {"email": "b@x", "isPrimary": True}]
    assert expected == _shown("customers", *records)["contacts"]["emails"]
    columns = [entry["is_primary"] for entry in stored_of(*records).fields["emails"]]
    assert [False, True] == columns


def test_a_customer_of_the_other_contract() -> None:
    """E.2: identified by its first external id, and nothing that the contract has a place for is lost."""
    born = _odp_v1(
        "customers", document="123", birthDate="1990-02-28", gender="f", contacts={"email": "a@x", "chat": 1}
    )
    expected = {
        "id": "customer_1",
        "identifier": {"type": "external_id", "value": "app:123"},
        "name": "Maria Souza",
        "document": {"number": "123"},
        "contacts": {"emails": [{"email": "a@x"}], "chat": 1},
        "demographics": {"birthDate": "1990-02-28", "gender": "f"},
        "externalIds": [{"source": "app", "value": "123"}, {"source": "crm", "value": "ABC-9"}],
        "createdAt": "2026-03-01T10:00:00Z",
        "updatedAt": "2026-03-24T12:00:00Z",
    }
    shown = _shown("customers", born)
    assert expected == shown
    assert Checked(1) == OPERATIONS["od.v2.customers"].check(body("customers", shown))


@pytest.mark.parametrize("plural", sorted(ENCODE))
@settings(max_examples=60)
@given(data=st.data())
def test_whatever_came_by_the_other_contract_can_be_posted_to_this_one(
    plural: str, data: st.DataObject
) -> None:
    """What B shows of it keeps B's own rules."""
    for _, record in OPERATIONS[f"odp.v1.{plural}"].decode(data.draw(bodies(plural)), ORIGIN).records:
        shown = _shown(plural, record)
        assert Checked(1) == OPERATIONS[f"od.v2.{plural}"].check(body(plural, shown))


def test_a_customer_without_external_ids_is_identified_by_what_the_sender_calls_him() -> None:
    """There is no other name."""
    shown = _shown("customers", _odp_v1("customers", externalIds=[]))
    assert {"type": "custom", "value": "customer-123"} == shown["identifier"]


def test_from_the_other_contract_and_back_nothing_is_lost() -> None:
    """What B shows of an A customer, posted to B, leaves what A shows as it was but for the time."""
    born = _odp_v1("customers", extra={"x": 1}, document="123", gender="f")
    again = record_of("customers", _shown("customers", born), 1)
    shown = json.loads(odp_v1_customer_json(stored_of(born, again)))
    sent = odp_v1_example("customers", extra={"x": 1}, document="123", gender="f")
    assert _without(sent, "updatedAt") == _without(shown, "updatedAt")


def test_a_later_word_of_this_contract_shows_in_the_other() -> None:
    """The newest word of each column; what no column knows of stays."""
    born = _odp_v1("customers", extra={"x": 1}, gender="f", birthDate="1990-02-28")
    later = record_of(
        "customers",
        {
            "identifier": {"type": "custom", "value": "c"},
            "id": "other-name",
            "name": "Maria Silva",
            "contacts": {"emails": [{"email": "new@x"}], "chat": 1},
            "demographics": {"gender": None},
            "externalIds": [{"source": "PDV", "value": "C1"}],
        },
    )
    shown = json.loads(odp_v1_customer_json(stored_of(born, later)))
    expected = odp_v1_example(
        "customers",
        extra={"x": 1},
        birthDate="1990-02-28",
        name="Maria Silva",
        contacts={"email": ["new@x", "maria@example.com"], "phone": "+55-11-99999-0000", "chat": 1},
        externalIds=["app:123", "crm:ABC-9", "PDV:C1"],
        updatedAt="2026-05-28T20:26:40Z",
    )
    assert expected == shown


def test_a_later_word_of_the_other_contract_shows_in_this_one() -> None:
    """Types of a document and unknown members of elements stay."""
    first = record_of(
        "customers",
        example(
            "customers",
            updatedAt="2020-01-01T00:00:00Z",
            document={"type": "CPF", "number": "1.2-3"},
            contacts={"emails": [{"email": "maria@example.com", "label": "x"}], "chat": 1},
            demographics={"gender": "m", "language": "pt"},
        ),
    )
    later = _odp_v1("customers", document="123", gender="f", contacts={"email": "new@x", "fax": "2"})
    shown = _shown("customers", first, later)
    assert {"type": "CPF", "number": "1.2-3"} == shown["document"]
    assert {
        "emails": [{"email": "maria@example.com", "label": "x"}, {"email": "new@x"}],
        "chat": 1,
        "fax": "2",
    } == shown["contacts"]
    assert {"gender": "f", "language": "pt"} == shown["demographics"]
    assert ("Maria Souza", 3) == (shown["name"], len(shown["externalIds"]))
    assert first.fields["identifier"] == shown["identifier"]


def test_a_customer_of_this_contract_has_what_the_other_requires() -> None:
    """E.6, row 13: external ids, name, contacts, consent and times."""
    shown = json.loads(
        odp_v1_customer_json(stored_of(record_of("customers", EXAMPLES["customers"]["minimal"])))
    )
    expected = {
        "id": "customer_1",
        "externalIds": ["crm:customer_1"],
        "name": "+5511999999999",
        "contacts": {},
        "consent": {"marketing": False},
        "updatedAt": "2026-05-28T20:26:40Z",
    }
    assert expected == _without(shown, "createdAt")
    enriched = json.loads(odp_v1_customer_json(stored_of(record_of("customers", example("customers")))))
    assert ["crm:customer:93821", "PDV:C12345"] == enriched["externalIds"]


def test_nothing_is_updated_before_it_was_created() -> None:
    """Where the sender told no times: the acceptance is the update, and it comes before our first write."""
    record = record_of("customers", {"identifier": {"type": "custom", "value": "c"}}, at=-5_000)
    for shown in (_shown("customers", record), json.loads(odp_v1_customer_json(stored_of(record)))):
        assert ("2026-05-28T20:26:35Z", "2026-05-28T20:26:35Z") == (shown["createdAt"], shown["updatedAt"])
    said = record_of("customers", {"identifier": {"type": "custom", "value": "c"}, "createdAt": LATER})
    assert LATER == _shown("customers", said)["createdAt"]


def test_leads_of_both_contracts() -> None:
    """An ODP v1 lead has the same members; a contact is a string; an id is always answered."""
    other = _shown("leads", _odp_v1("leads", extra=1))
    assert odp_v1_example("leads", extra=1) == _without(other, "createdAt", "updatedAt")
    unnamed = _shown("leads", record_of("leads", {"contact": {"type": "email", "value": "a@x"}}))
    assert ("lead_1", "a@x") == (unnamed["id"], unnamed["contact"])
    both = _shown(
        "leads",
        _odp_v1("leads", updatedAt="2020-01-01T00:00:00Z"),
        record_of("leads", {"id": "lead-7", "status": "won"}),
    )
    assert {"id": "lead-7", "source": "campaign", "status": "won", "customerRef": "customer-123"} == _without(
        both, "createdAt", "updatedAt"
    )


def test_orders_of_both_contracts() -> None:
    """E.5: computed for the other contract, verbatim for the own."""
    view = _shown("orders", _odp_v1("orders"))
    expected = {
        "id": "order-55",
        "salesChannel": "app",
        "status": "CONFIRMED",
        "createdAt": "2026-03-24T11:30:00Z",
        "customer": {"id": "customer-123"},
    }
    assert expected == view
    whole = stored_of(record_of("orders", {**EXAMPLES["orders"]["whole"], "customer": {"id": "c"}}))
    assert {
        "orderId": "b1a1d7cc-3c4f-4f1e-9d52-7a0f6e0a8c11",
        "customerId": "c",
        "salesChannel": "app",
        "timestamps": {"createdAt": "2026-06-01T11:30:00Z"},
    } == json.loads(odp_v1_order_json(whole))
    order = example("orders", id="order-55")
    assert order == _shown("orders", _odp_v1("orders"), record_of("orders", order))


def test_reviews_and_events_of_the_other_contract() -> None:
    """E.6, row 11; a payload is data, and what else was said is kept."""
    review = _shown("reviews", _odp_v1("reviews", score=0))
    expected = {
        "reviewId": "review-3",
        "reviewType": "ORDER",
        "overallRating": {"ratingStyle": "OTHER", "value": 0, "comment": "Quick and warm"},
        "reviewDate": "2026-05-28T20:26:40Z",
    }
    assert expected == review
    event = _shown("events", _odp_v1("events", extra=1))
    assert {
        "eventType": "customer.updated",
        "entityType": "customer",
        "occurredAt": "2026-03-24T12:00:00Z",
        "extra": 1,
        "customerId": "customer-123",
        "data": odp_v1_example("events")["payload"],
    } == event
    for plural, shown in (("reviews", review), ("events", event)):
        assert Checked(1) == OPERATIONS[f"od.v2.{plural}"].check(body(plural, shown))
