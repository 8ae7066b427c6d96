"""What an ODP v1 record is in canonical terms."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.odp_v1.examples import EXAMPLES
from contracts.odp_v1.operations import odp_v1_operations
from contracts.operations import Decoded, Operation, Origin
from contracts.registry import OPERATIONS
from domain.identity import IdentityKey, KeyKind
from domain.records import Entity, Record
from domain.version import Version
from tests.support.json_texts import json_bytes
from tests.support.odp_v1_bodies import ORIGIN, bodies, example, one, several

PLURALS = sorted(EXAMPLES)


def _decode(plural: str, body: bytes, origin: Origin = ORIGIN) -> Decoded:
    return OPERATIONS[f"odp.v1.{plural}"].decode(body, origin)


def _record(plural: str, **changes: Any) -> Record:
    decoded = _decode(plural, one(plural, **changes))
    assert not decoded.malformed
    return decoded.records[0][1]


def _ref(customer_id: str) -> str:
    return IdentityKey(KeyKind.LOGICAL, customer_id).encode()


def _utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


def test_the_customer_of_the_seed() -> None:
    """The binding's own example, in canonical columns."""
    raw = example("customers")
    canonical = orjson.dumps(raw, option=orjson.OPT_SORT_KEYS)
    expected = Record(
        entity=Entity.CUSTOMER,
        tenant="tenant-a",
        source="odp_v1",
        key="customer-123",
        version=Version(1_774_353_600_000, "ing_TEST", 0),
        digest=hashlib.sha256(canonical).hexdigest(),
        document=orjson.dumps(raw).decode(),
        fields={
            "status": "active",
            "display_name": "Maria Souza",
            "logical_ids": ["customer-123"],
            "external_ids": [{"source": "app", "value": "123"}, {"source": "crm", "value": "ABC-9"}],
            "emails": [{"value": "maria@example.com", "normalized": "maria@example.com"}],
            "phones": [{"value": "+55-11-99999-0000", "normalized": "+5511999990000"}],
            "other_contacts": {},
            "consents": [
                {
                    "purpose": "marketing",
                    "channel": "any",
                    "status": "opt_in",
                    "updated_at": _utc(2026, 3, 24, 12),
                }
            ],
            "source_created_at": _utc(2026, 3, 1, 10),
            "source_updated_at": _utc(2026, 3, 24, 12),
        },
        identities=(
            IdentityKey(KeyKind.LOGICAL, "customer-123"),
            IdentityKey(KeyKind.EXTERNAL, "app:123"),
            IdentityKey(KeyKind.EXTERNAL, "crm:ABC-9"),
            IdentityKey(KeyKind.EMAIL, "maria@example.com"),
            IdentityKey(KeyKind.PHONE, "+5511999990000"),
            IdentityKey(KeyKind.NAME, "123"),
            IdentityKey(KeyKind.NAME, "ABC-9"),
        ),
    )
    assert ((0, expected),) == _decode("customers", one("customers")).records


def test_everything_a_customer_can_have() -> None:
    """Lists of channels, further channels, consents by purpose, document, birth date, gender."""
    customer = _record(
        "customers",
        externalIds=["plain", "app:1:2", "", "app:1:2"],
        contacts={"email": [" A@X.com ", ""], "phone": ["(11) 99999-0000", "no"], "$chat": {"a.b": 1}},
        consent={"email": False, "sms": True, "legalBasis": "contract", "note": "x"},
        document="123.456.789-09",
        birthDate="1990-02-28",
        gender="f",
    )
    fields = {name: customer.fields[name] for name in customer.fields if not name.startswith("source_")}
    shared = {"channel": "any", "legal_basis": "contract"}
    expected = {
        "status": "active",
        "display_name": "Maria Souza",
        "logical_ids": ["customer-123"],
        "external_ids": [
            {"source": "default", "value": "plain"},
            {"source": "app", "value": "1:2"},
            {"source": "app", "value": "1:2"},
        ],
        "document": {"number": "123.456.789-09"},
        "emails": [{"value": " A@X.com ", "normalized": "a@x.com"}],
        "phones": [{"value": "(11) 99999-0000", "normalized": "+5511999990000"}, {"value": "no"}],
        "other_contacts": {"$chat": {"a.b": 1}},
        "birth_date": "1990-02-28",
        "gender": "f",
        "consents": [
            {"purpose": "email", "status": "opt_out", **shared},
            {"purpose": "sms", "status": "opt_in", **shared},
        ],
    }
    assert expected == fields
    assert (
        IdentityKey(KeyKind.LOGICAL, "customer-123"),
        IdentityKey(KeyKind.EXTERNAL, "default:plain"),
        IdentityKey(KeyKind.EXTERNAL, "app:1:2"),
        IdentityKey(KeyKind.DOCUMENT, "12345678909"),
        IdentityKey(KeyKind.EMAIL, "a@x.com"),
        IdentityKey(KeyKind.PHONE, "+5511999990000"),
        IdentityKey(KeyKind.NAME, "plain"),
        IdentityKey(KeyKind.NAME, "1:2"),
    ) == customer.identities


def test_the_region_of_phone_numbers_can_be_chosen() -> None:
    """A number without a country belongs to the deployment's region."""
    (customers, *_) = odp_v1_operations("US")
    body = one("customers", contacts={"phone": "(212) 555-0123"})
    ((_, decoded),) = customers.decode(body, ORIGIN).records
    assert IdentityKey(KeyKind.PHONE, "+12125550123") in decoded.identities


def test_a_lead() -> None:
    """It and its customer are named by the sender's ids; its version is when it was accepted."""
    lead = _record("leads")
    assert {
        "lead_id": "lead-7",
        "source": "campaign",
        "status": "new",
        "customer_ref": _ref("customer-123"),
    } == lead.fields
    keys = (IdentityKey(KeyKind.LEAD_ID, "lead-7"),)
    assert (Entity.LEAD, "lead-7", Version(ORIGIN.accepted_at, "ing_TEST", 0), keys) == (
        lead.entity,
        lead.key,
        lead.version,
        lead.identities,
    )
    assert "customer_ref" not in _record("leads", customerRef=...).fields


@pytest.mark.parametrize(
    ("markers", "status"),
    [
        ({}, None),
        ({"createdAt": 1}, "CREATED"),
        ({"createdAt": 1, "confirmedAt": 2}, "CONFIRMED"),
        ({"createdAt": 1, "completedAt": 3}, "CONCLUDED"),
        ({"confirmedAt": 2, "canceledAt": 4, "completedAt": 3}, "CANCELLED"),
    ],
)
def test_an_order(markers: dict[str, int], status: str | None) -> None:
    """The status follows from the lifecycle markers, the last in an order's life first."""
    columns = {
        "createdAt": "placed_at",
        "confirmedAt": "confirmed_at",
        "completedAt": "completed_at",
        "canceledAt": "canceled_at",
    }
    times = {name: f"2026-03-24T1{hour}:00:00-01:00" for name, hour in markers.items()}
    order = _record("orders", timestamps={**times, "seenAt": "whenever"})
    expected = {
        "order_id": "order-55",
        "customer_ref": _ref("customer-123"),
        "sales_channel": "app",
        **({"status": status} if status else {}),
        **{columns[name]: _utc(2026, 3, 24, 11 + hour) for name, hour in markers.items()},
    }
    assert expected == order.fields
    assert (Entity.ORDER, "order-55") == (order.entity, order.key)


@pytest.mark.parametrize(
    ("reference", "kind"),
    [("order", "ORDER"), ("store", "MERCHANT_EXPERIENCE"), ("experience", "MERCHANT_EXPERIENCE")],
)
def test_a_review(reference: str, kind: str) -> None:
    """Reviews are kept as the second version of the protocol types them."""
    review = _record("reviews", referenceType=reference, comment=...)
    assert {
        "review_id": "review-3",
        "review_type": kind,
        "reference_type": reference,
        "rating": {"style": "OTHER", "value": 4.5},
    } == review.fields
    assert {"style": "OTHER", "value": 4.5, "comment": "Quick and warm"} == _record("reviews").fields[
        "rating"
    ]


@pytest.mark.parametrize(
    ("event_type", "normalized"),
    [
        ("customer.updated", "customer.updated"),
        ("CUSTOMER_OPTED_IN", "customer.opted_in"),
        ("ORDER_CANCELLED", "order.canceled"),
        ("order.canceled", "order.canceled"),
    ],
)
def test_an_event(event_type: str, normalized: str) -> None:
    """An event keeps its own type and a normalized one, and names its customer."""
    event = _record("events", eventType=event_type)
    assert {
        "event_type": event_type,
        "event_type_norm": normalized,
        "entity_type": "customer",
        "occurred_at": _utc(2026, 3, 24, 12),
        "customer_ref": _ref("customer-123"),
    } == event.fields
    assert (Entity.EVENT, 1_774_353_600_000) == (event.entity, event.version.at)


@pytest.mark.parametrize("payload", [{}, {"customerId": ""}, {"customerId": 7}, {"customerId": None}])
def test_an_event_without_a_customer(payload: dict[str, Any]) -> None:
    """Nothing is made up where the payload names no customer."""
    assert "customer_ref" not in _record("events", payload=payload).fields


def test_an_event_is_the_same_whenever_it_is_sent_again() -> None:
    """The fact is its key: type, entity, instant and payload, however they are written."""
    again = _record("events", occurredAt="2026-03-24T09:00:00.000-03:00", sentAt="later")
    reordered = _record("events", payload=dict(reversed(example("events")["payload"].items())))
    others = [
        _record("events", eventType="customer.created"),
        _record("events", entityType="lead"),
        _record("events", occurredAt="2026-03-24T12:00:00.000001Z"),
        _record("events", payload={}),
    ]
    key = _record("events").key
    assert {key} == {again.key, reordered.key}
    assert len({key, *(other.key for other in others)}) == 1 + len(others)


@pytest.mark.parametrize("plural", ["leads", "orders", "reviews"])
@pytest.mark.parametrize(
    ("updated_at", "at"),
    [
        ("2026-03-24T12:00:00.5Z", 1_774_353_600_500),
        ("yesterday", ORIGIN.accepted_at),
        (7, ORIGIN.accepted_at),
        (None, ORIGIN.accepted_at),
        (..., ORIGIN.accepted_at),
    ],
)
def test_an_update_time_that_the_binding_does_not_ask_for(plural: str, updated_at: Any, at: int) -> None:
    """A sender who adds `updatedAt` is believed; anything else is no fault."""
    assert at == _record(plural, updatedAt=updated_at).version.at


def test_every_field_is_kept_in_its_place() -> None:
    """The document is what was sent: unknown fields and the order of keys too."""
    raw = {"zz": {"$a": [1.5, None, "é\0"]}, **example("customers"), "aa": 9_223_372_036_854_775_807}
    body = json.dumps({"customer": raw}).encode()
    ((_, decoded),) = _decode("customers", body).records
    assert orjson.dumps(raw).decode() == decoded.document


def test_the_digest_tells_content_not_spelling() -> None:
    """Key order and white space are no content."""
    raw = example("customers")
    shuffled = json.dumps({"customer": dict(reversed(raw.items()))}, indent=3).encode()
    ((_, decoded),) = _decode("customers", shuffled).records
    assert _record("customers").digest == decoded.digest
    assert _record("customers").digest != _record("customers", name="Maria S").digest


def test_records_keep_their_places_and_neighbours_their_records() -> None:
    """A malformed record changes nothing about the others (invariant 5)."""
    good = [example("customers", id=f"c-{index}") for index in range(4)]
    alone = _decode("customers", several("customers", *good)).records
    mixed = _decode("customers", several("customers", good[0], {"id": 7}, good[2], good[3]))
    assert (alone[0], *alone[2:]) == mixed.records
    assert [(1, b'{"id": 7}')] == [(bad.index, bad.body) for bad in mixed.malformed]


@pytest.mark.parametrize("plural", PLURALS)
@given(data=st.data())
def test_check_and_decode_agree(plural: str, data: st.DataObject) -> None:
    """What check lets through is decoded, what it names is malformed, and nothing is lost."""
    body = data.draw(bodies(plural))
    operation: Operation = OPERATIONS[f"odp.v1.{plural}"]
    checked, decoded = operation.check(body), operation.decode(body, ORIGIN)
    assert checked.malformed == decoded.malformed
    places = [index for index, _ in decoded.records] + [bad.index for bad in decoded.malformed]
    if [None] != places:
        assert list(range(checked.records)) == sorted(index for index in places if index is not None)


@pytest.mark.parametrize("plural", PLURALS)
@given(body=st.one_of(json_bytes, json_bytes.map(lambda text: b'{"customers":[%s]}' % text)))
def test_no_body_raises(plural: str, body: bytes) -> None:
    """Bodies of other producers may hold anything."""
    operation = OPERATIONS[f"odp.v1.{plural}"]
    checked, decoded = operation.check(body), operation.decode(body, ORIGIN)
    assert checked.malformed == decoded.malformed


@given(data=st.data())
def test_what_is_decoded_fits_the_store(data: st.DataObject) -> None:
    """Documents are JSON text again, and say what was sent."""
    body = data.draw(bodies("customers"))
    for _, decoded in _decode("customers", body).records:
        document = orjson.loads(decoded.document)
        assert orjson.dumps(document).decode() == decoded.document
        assert decoded.key == document["id"]
