"""Which bodies Open Delivery v2 takes (contracts B.4 to B.8), and what it says of the others."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.od_v2.examples import EXAMPLES
from contracts.od_v2.operations import od_v2_operations
from contracts.operations import MAX_RECORDS, Checked
from contracts.registry import OPERATIONS
from tests.support.od_v2_bodies import CUSTOMERS, JSON, LEADS, ORIGIN, SINGLE, body, example

_RATING = {"ratingStyle": "STAR", "value": 4}
_ID = {"type": "custom", "value": "c"}

GOOD: list[tuple[str, dict[str, Any]]] = [
    ("customers", {"id": "cust-1", "new": {"a": [None]}, "identifier": {**_ID, "extra": 1}}),
    ("customers", dict.fromkeys(["name", "document", "contacts", "demographics", "addresses", "metadata"])),
    ("customers", {"contacts": {"phones": [{"number": "1"}, {"phone": "2", "isPrimary": True}], "chat": 1}}),
    ("customers", {"address": {"geo": {"latitude": -90, "longitude": 180}, "number": None}}),
    ("customers", {"updatedAt": "yesterday", "createdAt": 5}),
    ("customers", {"document": {"value": "1"}, "demographics": {"birthDate": None}}),
    ("leads", {"id": ..., "name": ..., "externalIds": ..., "contact": {"type": "email", "value": "a"}}),
    ("leads", {"contact": None, "metadata": None}),
    ("orders", {"status": "whatever", "lastEvent": "new", "category": "X", "items": [{"unit": "pair"}]}),
    ("orders", {"total": {"orderAmount": {"value": 1}}, "customer": None, "type": None}),
    ("reviews", {"overallRating": {"ratingStyle": "STAR", "value": 4.5}, "reviewId": ...}),
    ("reviews", {"overallRating": {"ratingStyle": "NPS", "value": 10.0}}),
    ("reviews", {"overallRating": {"ratingStyle": "THUMBS_UP_DOWN", "value": 0, "comment": None}}),
    ("reviews", {"overallRating": {"ratingStyle": "OTHER", "value": -1e300}}),
    ("reviews", {"questions": [{"question": "?", "rating": _RATING, "answer": [1]}], "customer": None}),
    ("events", {"customerId": ..., "data": ..., "eventId": "e-1"}),
]

BAD: list[tuple[str, dict[str, Any], str, str]] = [
    ("customers", {"identifier": ...}, "/identifier", "REQUIRED"),
    ("customers", {"identifier": None}, "/identifier", "INVALID_TYPE"),
    ("customers", {"identifier": {"type": "name", "value": "x"}}, "/identifier/type", "INVALID_VALUE"),
    ("customers", {"identifier": {"type": "custom", "value": ""}}, "/identifier/value", "INVALID_VALUE"),
    ("customers", {"identifier": {"type": "custom", "value": 1}}, "/identifier/value", "INVALID_TYPE"),
    ("customers", {"identifier": {"type": "custom", "value": "x" * 513}}, "/identifier/value", "TOO_LONG"),
    ("customers", {"name": 1}, "/name", "INVALID_TYPE"),
    ("customers", {"contacts": []}, "/contacts", "INVALID_TYPE"),
    ("customers", {"contacts": {"emails": "a@x"}}, "/contacts/emails", "INVALID_TYPE"),
    ("customers", {"contacts": {"emails": [{"isPrimary": True}]}}, "/contacts/emails/0/email", "REQUIRED"),
    ("customers", {"contacts": {"phones": [{"type": "x"}]}}, "/contacts/phones/0/phone", "REQUIRED"),
    (
        "customers",
        {"contacts": {"phones": [{"phone": "1", "isPrimary": True}, {"phone": "2", "isPrimary": True}]}},
        "/contacts/phones",
        "INVALID_VALUE",
    ),
    ("customers", {"addresses": [{"geo": {"latitude": 1}}]}, "/addresses/0/geo/longitude", "REQUIRED"),
    (
        "customers",
        {"addresses": [{"geo": {"latitude": 91, "longitude": 0}}]},
        "/addresses/0/geo/latitude",
        "INVALID_VALUE",
    ),
    ("customers", {"externalIds": [{"source": "s"}]}, "/externalIds/0/value", "REQUIRED"),
    ("customers", {"demographics": {"birthDate": "1990"}}, "/demographics/birthDate", "INVALID_DATE"),
    ("customers", {"metadata": "x"}, "/metadata", "INVALID_TYPE"),
    ("leads", {"id": ..., "name": "", "contact": None, "externalIds": []}, "", "REQUIRED"),
    ("leads", {"contact": {"type": "email"}}, "/contact", "INVALID_TYPE"),
    ("leads", {"id": 5}, "/id", "INVALID_TYPE"),
    ("orders", {"id": ...}, "/id", "REQUIRED"),
    ("orders", {"id": ""}, "/id", "INVALID_VALUE"),
    ("orders", {"type": "PICKUP"}, "/type", "INVALID_VALUE"),
    ("orders", {"orderTiming": "NOW"}, "/orderTiming", "INVALID_VALUE"),
    ("orders", {"createdAt": "2026-06-01T12:00:00"}, "/createdAt", "INVALID_TIMESTAMP"),
    ("orders", {"items": [{"quantity": "1"}]}, "/items/0/quantity", "INVALID_TYPE"),
    ("orders", {"total": {"orderAmount": {"value": True}}}, "/total/orderAmount/value", "INVALID_TYPE"),
    ("reviews", {"reviewType": "STORE"}, "/reviewType", "INVALID_VALUE"),
    ("reviews", {"reviewDate": ...}, "/reviewDate", "REQUIRED"),
    ("reviews", {"overallRating": {"value": 1}}, "/overallRating/ratingStyle", "REQUIRED"),
    ("reviews", {"overallRating": {**_RATING, "value": True}}, "/overallRating/value", "INVALID_TYPE"),
    ("reviews", {"overallRating": {**_RATING, "value": 5.1}}, "/overallRating/value", "INVALID_VALUE"),
    (
        "reviews",
        {"overallRating": {"ratingStyle": "NPS", "value": 9.5}},
        "/overallRating/value",
        "INVALID_VALUE",
    ),
    (
        "reviews",
        {"overallRating": {"ratingStyle": "THUMBS_UP_DOWN", "value": 2}},
        "/overallRating/value",
        "INVALID_VALUE",
    ),
    (
        "reviews",
        {"questions": [{"question": "?", "rating": {"ratingStyle": "NPS", "value": -1}}]},
        "/questions/0/rating/value",
        "INVALID_VALUE",
    ),
    ("events", {"eventType": ""}, "/eventType", "INVALID_VALUE"),
    ("events", {"occurredAt": "2026-06-01"}, "/occurredAt", "INVALID_TIMESTAMP"),
    ("events", {"data": []}, "/data", "INVALID_TYPE"),
]


def _check(plural: str, content: bytes) -> Checked:
    return OPERATIONS[f"od.v2.{plural}"].check(content)


def _faults(checked: Checked) -> list[tuple[int | None, str, str]]:
    return [(one.index, fault.pointer, fault.code) for one in checked.malformed for fault in one.faults]


@pytest.mark.parametrize(
    ("plural", "record"), [(plural, one) for plural, some in EXAMPLES.items() for one in some.values()]
)
def test_the_examples_are_good(plural: str, record: dict[str, Any]) -> None:
    """Those of the seeds, and ours."""
    assert Checked(1) == _check(plural, body(plural, record))


@pytest.mark.parametrize(("plural", "changes"), GOOD)
def test_good_records(plural: str, changes: dict[str, Any]) -> None:
    """Lenient where the contracts are; unknown members and nulls are no fault."""
    assert Checked(1) == _check(plural, body(plural, example(plural, **changes)))


@pytest.mark.parametrize(("plural", "changes", "pointer", "code"), BAD)
def test_bad_records(plural: str, changes: dict[str, Any], pointer: str, code: str) -> None:
    """Each fault has its place, and the record's neighbours are not touched by it."""
    bad = example(plural, **changes)
    if plural in SINGLE:
        assert [(0, pointer, code)] == _faults(_check(plural, body(plural, bad)))
        return
    checked = _check(plural, body(plural, example(plural), bad))
    assert (2, [(1, f"/1{pointer}", code)]) == (checked.records, _faults(checked))


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b'{"identifier":{}}', (None, "", "INVALID_TYPE")),
        (b"null", (None, "", "INVALID_TYPE")),
        (b"[{}", (None, "", "INVALID_JSON")),
        (b"[] []", (None, "", "INVALID_JSON")),
        (b"", (None, "", "INVALID_JSON")),
        (b"[1]", (0, "/0", "INVALID_TYPE")),
        (b'[{"x":' + b"[" * 70 + b"]" * 70 + b"}]", (0, "/0/x" + "/0" * 62, "TOO_DEEP")),
        (b'[{"x":1e999}]', (0, "/0/x", "INVALID_NUMBER")),
        (b'[{"x":99999999999999999999}]', (0, "/0/x", "INTEGER_OUT_OF_RANGE")),
    ],
)
def test_bodies_that_are_no_array_of_records(content: bytes, fault: tuple[int | None, str, str]) -> None:
    """A whole body has one fault, a record its own."""
    assert [fault] == _faults(_check("customers", content))


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"[]", (None, "", "INVALID_TYPE")),
        (b"{", (None, "", "INVALID_JSON")),
        (b'{"eventType":"x","occurredAt":"2026-06-01T12:30:00Z","n":NaN}', (0, "/n", "INVALID_NUMBER")),
    ],
)
def test_bodies_that_are_no_event(content: bytes, fault: tuple[int | None, str, str]) -> None:
    """A single record stands at the root of the body."""
    assert [fault] == _faults(_check("events", content))


def test_an_empty_array_is_good_and_a_long_one_is_not() -> None:
    """Ruling R3."""
    one = example("customers")
    assert Checked(0) == _check("customers", b"[]")
    assert Checked(MAX_RECORDS) == _check("customers", body("customers", *[one] * MAX_RECORDS))
    too_many = _check("customers", body("customers", *[one] * (MAX_RECORDS + 1)))
    assert [(None, "", "TOO_MANY_RECORDS")] == _faults(too_many)


def test_strict_orders_keep_the_whole_schema() -> None:
    """An order that is delivered has a customer; ids are UUIDs; nothing required is missing."""
    check = {one.name: one for one in od_v2_operations("BR", strict_orders=True)}["od.v2.orders"].check
    whole = EXAMPLES["orders"]["whole"]
    assert Checked(1) == check(body("orders", whole))
    delivered = check(body("orders", {**whole, "type": "DELIVERY"}))
    assert [(0, "/0/customer", "REQUIRED")] == _faults(delivered)
    assert [(0, "/0/id", "INVALID_VALUE")] == _faults(check(body("orders", {**whole, "id": "ord-001"})))
    snapshot = {pointer for _, pointer, _ in _faults(check(body("orders", {"id": whole["id"]})))}
    assert {"/0/type", "/0/merchant", "/0/items", "/0/total", "/0/payments"} <= snapshot


@given(plural=st.sampled_from(sorted(EXAMPLES)), data=st.data())
def test_what_is_checked_is_what_is_decoded(plural: str, data: st.DataObject) -> None:
    """Records that may be anything: both say the same, and nothing raises."""
    record = data.draw(CUSTOMERS | LEADS | JSON | st.just(example(plural)))
    if isinstance(record, dict):
        record = {
            **record,
            **data.draw(st.dictionaries(st.sampled_from(sorted(example(plural))), JSON, max_size=2)),
        }
    content = json.dumps(record if plural in SINGLE else [record, example(plural)]).encode()
    checked = _check(plural, content)
    decoded = OPERATIONS[f"od.v2.{plural}"].decode(content, ORIGIN)
    assert checked.malformed == decoded.malformed
    assert checked.records in (0, len(decoded.records) + len(decoded.malformed))
