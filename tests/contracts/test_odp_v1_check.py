"""What the ODP v1 operations say of a body before it is accepted."""

import json
from typing import Any

import pytest

from contracts.odp_v1.examples import EXAMPLES
from contracts.operations import MAX_FAULTS, MAX_RECORDS, Checked
from contracts.registry import OPERATIONS
from tests.support.odp_v1_bodies import SINGULAR, example, one, several

PLURALS = sorted(EXAMPLES)
FIXED = {
    "customers": ["id", "externalIds", "name", "contacts", "consent", "createdAt", "updatedAt"],
    "orders": ["orderId", "customerId", "salesChannel", "timestamps"],
    "events": ["eventType", "entityType", "occurredAt", "payload"],
    "leads": ["id", "source", "status"],
    "reviews": ["id", "referenceType", "score"],
}


def _check(plural: str, body: bytes) -> Checked:
    return OPERATIONS[f"odp.v1.{plural}"].check(body)


def _found(checked: Checked) -> list[tuple[int | None, str, str]]:
    return [(bad.index, fault.code, fault.pointer) for bad in checked.malformed for fault in bad.faults]


@pytest.mark.parametrize("plural", PLURALS)
def test_takes_the_examples(plural: str) -> None:
    """The binding's own examples are right, singular and plural."""
    for body in EXAMPLES[plural].values():
        assert Checked(1) == _check(plural, json.dumps(body).encode())


@pytest.mark.parametrize("plural", PLURALS)
def test_an_empty_array_is_taken(plural: str) -> None:
    """It does nothing (ruling R3)."""
    assert Checked(0) == _check(plural, several(plural))


@pytest.mark.parametrize("plural", PLURALS)
def test_a_list_answered_can_be_posted_back(plural: str) -> None:
    """Many records in one body count as many, up to the bound."""
    assert Checked(MAX_RECORDS) == _check(plural, several(plural, *[example(plural)] * MAX_RECORDS))


@pytest.mark.parametrize("plural", PLURALS)
def test_one_record_too_many_is_a_fault_of_the_body(plural: str) -> None:
    """A body over the bound is refused as a whole."""
    checked = _check(plural, several(plural, *[example(plural)] * (MAX_RECORDS + 1)))
    assert [(None, "TOO_MANY_RECORDS", f"/{plural}")] == _found(checked)


@pytest.mark.parametrize(("plural", "name"), [(plural, name) for plural in PLURALS for name in FIXED[plural]])
def test_required_fields(plural: str, name: str) -> None:
    """Every required field that is missing is named."""
    pointer = f"/{SINGULAR[plural]}/{name}"
    assert [(0, "REQUIRED", pointer)] == _found(_check(plural, one(plural, **{name: ...})))


@pytest.mark.parametrize(("plural", "name"), [(plural, name) for plural in PLURALS for name in FIXED[plural]])
def test_required_fields_are_never_null(plural: str, name: str) -> None:
    """Null is no value of any required field."""
    checked = _check(plural, one(plural, **{name: None}))
    assert [(0, f"/{SINGULAR[plural]}/{name}")] == [(at, pointer) for at, _, pointer in _found(checked)]


@pytest.mark.parametrize("plural", PLURALS)
def test_unknown_fields_are_no_fault(plural: str) -> None:
    """Consumers tolerate additive fields, at every level (ruling R5)."""
    record = example(plural, **{"x-new": {"$ne": None, "a.b": [1, 2.5]}})
    assert Checked(1) == _check(plural, json.dumps({SINGULAR[plural]: record, "meta": 1}).encode())


BAD_TIMES = [
    *("1795214046", "2026-03-24", "2026-03-24T12:00:00", "2026-03-24 12:00:00Z", "2026-03-24T12:00Z"),
    *("2026-03-24 12:00Z", "2026-02-30T12:00:00Z", "2026-03-24T24:00:00Z", "2026-03-24T12:60:00Z", ""),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "0000-01-01T00:00:00Z", "now"),
    *(
        "2026-03-24T12:00:00+0300",
        "2026-03-24T12:00:00+24:00",
        "\uff12026-03-24T12:00:00Z",
        " 2026-03-24T12:00:00Z",
    ),
    *("2026-03-24T12:00:00Z\n", "2026-03-24T12:00:00.Z", "+2026-03-24T12:00:00Z", "P1D"),
    *(1795214046, True, [], {}),
]


@pytest.mark.parametrize("value", BAD_TIMES, ids=ascii)
@pytest.mark.parametrize(
    ("plural", "field", "pointer"),
    [
        ("customers", "updatedAt", "/customer/updatedAt"),
        ("customers", "createdAt", "/customer/createdAt"),
        ("customers", "consent.updatedAt", "/customer/consent/updatedAt"),
        ("orders", "timestamps.createdAt", "/order/timestamps/createdAt"),
        ("orders", "timestamps.confirmedAt", "/order/timestamps/confirmedAt"),
        ("orders", "timestamps.completedAt", "/order/timestamps/completedAt"),
        ("orders", "timestamps.canceledAt", "/order/timestamps/canceledAt"),
        ("events", "occurredAt", "/event/occurredAt"),
    ],
)
def test_bad_timestamps(plural: str, field: str, pointer: str, value: Any) -> None:
    """Only an RFC 3339 date-time with a zone, within the calendar, is a time."""
    name, _, inner = field.partition(".")
    checked = _check(plural, one(plural, **{name: {inner: value} if inner else value}))
    assert [(0, "INVALID_TIMESTAMP", pointer)] == _found(checked)


@pytest.mark.parametrize(
    "value",
    [
        "2026-03-24t12:00:00z",
        "2026-03-24T12:00:00.123456789Z",
        "2026-03-24T12:00:00-00:00",
        "2026-03-24T12:00:00+13:45",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999Z",
        "2024-02-29T00:00:00-11:00",
    ],
)
def test_good_timestamps(value: str) -> None:
    """All that RFC 3339 offers is taken."""
    assert Checked(1) == _check("customers", one("customers", updatedAt=value, createdAt=value))


VALUES = [
    ("customers", {"id": ""}, "INVALID_VALUE", "/customer/id"),
    ("customers", {"id": 7}, "INVALID_TYPE", "/customer/id"),
    ("customers", {"id": "x" * 513}, "TOO_LONG", "/customer/id"),
    ("customers", {"externalIds": "app:1"}, "INVALID_TYPE", "/customer/externalIds"),
    ("customers", {"externalIds": ["a", 7]}, "INVALID_TYPE", "/customer/externalIds/1"),
    ("customers", {"contacts": []}, "INVALID_TYPE", "/customer/contacts"),
    ("customers", {"contacts": {"email": 7}}, "INVALID_TYPE", "/customer/contacts/email"),
    ("customers", {"contacts": {"phone": ["1", None]}}, "INVALID_TYPE", "/customer/contacts/phone"),
    ("customers", {"consent": True}, "INVALID_TYPE", "/customer/consent"),
    ("customers", {"document": 12345678901}, "INVALID_TYPE", "/customer/document"),
    ("customers", {"gender": 1}, "INVALID_TYPE", "/customer/gender"),
    ("customers", {"birthDate": "1990-13-01"}, "INVALID_DATE", "/customer/birthDate"),
    ("customers", {"birthDate": "1990-02-30"}, "INVALID_DATE", "/customer/birthDate"),
    ("customers", {"birthDate": "1990-1-1"}, "INVALID_DATE", "/customer/birthDate"),
    ("customers", {"birthDate": "631152000"}, "INVALID_DATE", "/customer/birthDate"),
    ("customers", {"birthDate": "1990-01-01T00:00:00Z"}, "INVALID_DATE", "/customer/birthDate"),
    ("leads", {"customerRef": 7}, "INVALID_TYPE", "/lead/customerRef"),
    ("leads", {"id": "x" * 513}, "TOO_LONG", "/lead/id"),
    ("orders", {"orderId": ""}, "INVALID_VALUE", "/order/orderId"),
    ("orders", {"timestamps": "now"}, "INVALID_TYPE", "/order/timestamps"),
    ("events", {"entityType": "Customer"}, "INVALID_VALUE", "/event/entityType"),
    ("events", {"payload": []}, "INVALID_TYPE", "/event/payload"),
    ("events", {"eventType": ""}, "INVALID_VALUE", "/event/eventType"),
    ("reviews", {"referenceType": "shop"}, "INVALID_VALUE", "/review/referenceType"),
    ("reviews", {"score": True}, "INVALID_TYPE", "/review/score"),
    ("reviews", {"score": "4"}, "INVALID_TYPE", "/review/score"),
    ("reviews", {"score": float("nan")}, "INVALID_NUMBER", "/review/score"),
    ("reviews", {"score": float("-inf")}, "INVALID_NUMBER", "/review/score"),
    ("reviews", {"score": 2**63}, "INTEGER_OUT_OF_RANGE", "/review/score"),
    ("customers", {"extra": {"deep": [2**64]}}, "INTEGER_OUT_OF_RANGE", "/customer/extra/deep/0"),
    ("customers", {"contacts": {"a\0": 1}}, "INVALID_KEY", "/customer/contacts/a\0"),
    ("customers", {"name": "\ud800"}, "INVALID_JSON", "/customer/name"),
]


@pytest.mark.parametrize(("plural", "changes", "code", "pointer"), VALUES)
def test_bad_values(plural: str, changes: dict[str, Any], code: str, pointer: str) -> None:
    """Each fault has its code and its place."""
    assert [(0, code, pointer)] == _found(_check(plural, one(plural, **changes)))


BODIES = [
    (b"", "INVALID_JSON", ""),
    (b"\xff\xfe", "INVALID_JSON", ""),
    (b'\xef\xbb\xbf{"customers":[]}', "INVALID_JSON", ""),
    (b'{"customers":[]', "INVALID_JSON", ""),
    (b'{"customers":[],}', "INVALID_JSON", ""),
    (b'{"customers":[]} {}', "INVALID_JSON", ""),
    (b"{'customers':[]}", "INVALID_JSON", ""),
    (b'{"customers":[{},]}', "INVALID_JSON", ""),
    (b'{"customers":[{"a" 1}]}', "INVALID_JSON", ""),
    (b"[]", "INVALID_TYPE", ""),
    (b"null", "INVALID_TYPE", ""),
    (b'"customer"', "INVALID_TYPE", ""),
    (b"{}", "REQUIRED", "/customer"),
    (b'{"order":{}}', "REQUIRED", "/customer"),
    (b'{"customer":{},"customers":[]}', "AMBIGUOUS_BODY", ""),
    (b'{"customers":{}}', "INVALID_TYPE", "/customers"),
    (b'{"customers":null}', "INVALID_TYPE", "/customers"),
    (b'{"customers":[],"x":NaN}', "INVALID_NUMBER", "/x"),
    (b'{"customers":[],"x":[99999999999999999999]}', "INTEGER_OUT_OF_RANGE", "/x/0"),
    (b'{"customers":[],"x\\u0000":1}', "INVALID_KEY", "/x\0"),
    (b'{"customers":[],"\\ud800":1}', "INVALID_JSON", ""),
    (b'{"customers":[],"x":"\xff"}', "INVALID_JSON", "/x"),
    (b'{"customers":[NaN],"customers":[]}', "INVALID_NUMBER", "/customers/0"),
    (b'{"customers":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "TOO_DEEP", ""),
]


@pytest.mark.parametrize(("body", "code", "pointer"), BODIES, ids=lambda value: ascii(value[:40]))
def test_bad_bodies(body: bytes, code: str, pointer: str) -> None:
    """What is wrong with the body as a whole belongs to no record."""
    assert [(None, code, pointer)] == _found(_check("customers", body))


def test_a_record_that_is_no_object() -> None:
    """It is that record's fault, and its alone."""
    body = several("customers", example("customers"), 7, None, [])
    expected = [(index, "INVALID_TYPE", f"/customers/{index}") for index in (1, 2, 3)]
    assert expected == _found(_check("customers", body))


def test_nesting_counts_from_the_body() -> None:
    """64 levels: the body and the array around a record are two of them."""
    deep: Any = []
    for _ in range(59):
        deep = [deep]
    in_list = several("customers", example("customers", extra=deep))
    assert Checked(1) == _check("customers", in_list)
    assert Checked(1) == _check("customers", one("customers", extra=[deep]))
    assert [0] == [
        bad.index
        for bad in _check(
            "customers", several("customers", example("customers", extra=[deep, [deep]]))
        ).malformed
    ]


@pytest.mark.parametrize(
    "damage", [b"NaN", b'"\xff"', b'"\\ud800"', b"99999999999999999999", b'{"\\u0000":1}', b"1e999"]
)
def test_a_record_that_breaks_json_leaves_its_neighbours_alone(damage: bytes) -> None:
    """One bad record never takes its neighbours with it (invariant 5)."""
    good = json.dumps(example("customers")).encode()
    bad = good.replace(b'"Maria Souza"', damage)
    checked = _check("customers", b'{"customers":[%s, %s ,%s]}' % (good, bad, good))
    assert (3, [1], [bad]) == (
        checked.records,
        [one.index for one in checked.malformed],
        [one.body for one in checked.malformed],
    )


def test_faults_are_bounded_and_every_bad_record_has_one() -> None:
    """The first 100 faults are named in full; beyond them each bad record keeps its first."""
    checked = _check("customers", several("customers", *[{}] * 50))
    assert (50, 50) == (checked.records, len(checked.malformed))
    assert [7] * 14 + [2] + [1] * 35 == [len(bad.faults) for bad in checked.malformed]
    assert MAX_FAULTS == sum(len(bad.faults) for bad in checked.malformed[:15])


def test_messages_hold_nothing_of_the_payload() -> None:
    """Personal data in a bad field never reaches an answer or a log."""
    secret = "maria.secret@example.com"
    texts = {"createdAt": secret, "updatedAt": secret, "birthDate": secret, "contacts": secret}
    lists = {"id": [secret], "name": {secret: 1}, "externalIds": {"x": secret}, "consent": secret}
    bodies = [
        ("customers", one("customers", **texts, **lists)),
        ("events", one("events", entityType=secret, occurredAt=secret, payload=secret)),
        ("reviews", one("reviews", referenceType=secret, score=secret)),
        ("customers", b'{"customer": {"name": "%s", }}' % secret.encode()),
    ]
    for plural, body in bodies:
        checked = _check(plural, body)
        assert checked.malformed
        assert not any(
            secret in fault.message + fault.pointer for bad in checked.malformed for fault in bad.faults
        )


def test_the_last_of_repeated_keys_wins() -> None:
    """Ruling R5."""
    good = example("customers")
    last_good = json.dumps({"customer": {}})[:-1] + "," + json.dumps({"customer": good})[1:]
    last_bad = json.dumps({"customer": good})[:-1] + "," + json.dumps({"customer": {}})[1:]
    assert Checked(1) == _check("customers", last_good.encode())
    assert [0] == [one.index for one in _check("customers", last_bad.encode()).malformed]
