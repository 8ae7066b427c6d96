"""What the ODP v1 reads answer of a stored record."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.odp_v1.encode import customer_json, list_body, order_json
from contracts.operations import Checked
from contracts.registry import OPERATIONS
from contracts.times import rfc3339
from domain.records import Entity, Record, Stored
from tests.support.odp_v1_bodies import ORIGIN, SINGULAR, bodies, example, one

_NOON = datetime(2026, 3, 24, 12, tzinfo=UTC)


def _stored(entity: Entity, fields: dict[str, Any], record: Record | None = None) -> Stored:
    sources = {} if record is None else {record.source: record.state()}
    return Stored(f"{entity}_1", entity, "tenant-a", 1, fields, sources, 1_774_000_000_123, 1_774_000_001_000)


def _decoded(plural: str, body: bytes) -> list[Record]:
    return [record for _, record in OPERATIONS[f"odp.v1.{plural}"].decode(body, ORIGIN).records]


@pytest.mark.parametrize(
    ("plural", "entity", "encode"),
    [("customers", Entity.CUSTOMER, customer_json), ("orders", Entity.ORDER, order_json)],
)
def test_what_came_by_this_contract_is_answered_as_it_was_sent(
    plural: str, entity: Entity, encode: Any
) -> None:
    """Unknown fields, order of keys and time zones included."""
    raw = {"new": {"$x": [1.0, None]}, **example(plural)}
    body = json.dumps({SINGULAR[plural]: raw}).encode()
    (record,) = _decoded(plural, body)
    assert orjson.dumps(raw) == encode(_stored(entity, record.fields, record))


@pytest.mark.parametrize(
    ("plural", "entity", "encode"),
    [("customers", Entity.CUSTOMER, customer_json), ("orders", Entity.ORDER, order_json)],
)
@given(data=st.data())
def test_canonical_columns_make_a_record_that_can_be_posted(
    plural: str, entity: Entity, encode: Any, data: st.DataObject
) -> None:
    """Whatever was decoded, its columns alone give a record that keeps the contract."""
    for record in _decoded(plural, data.draw(bodies(plural))):
        body = list_body(plural, [encode(_stored(entity, record.fields))])
        assert Checked(1) == OPERATIONS[f"odp.v1.{plural}"].check(body)


def test_a_customer_computed_from_its_columns_is_the_one_that_was_sent() -> None:
    """Nothing that the binding has a field for is lost on the way."""
    changes = {
        "document": "123.456.789-09",
        "birthDate": "1990-02-28",
        "gender": "f",
        "externalIds": ["a:1", "b"],
    }
    (record,) = _decoded("customers", one("customers", **changes))
    assert example("customers", **changes) == json.loads(
        customer_json(_stored(Entity.CUSTOMER, record.fields))
    )


def test_a_customer_born_elsewhere_has_every_required_field() -> None:
    """Contracts E.6, row 13."""
    expected = {
        "id": "customer_1",
        "externalIds": ["crm:customer_1"],
        "name": "customer_1",
        "contacts": {},
        "consent": {"marketing": False},
        "createdAt": "2026-03-20T09:46:40.123Z",
        "updatedAt": "2026-03-20T09:46:41Z",
    }
    assert expected == json.loads(customer_json(_stored(Entity.CUSTOMER, {})))


def test_consents_of_several_channels_are_one_flag() -> None:
    """An opt-out of one channel beats an opt-in of another; the newest time counts."""
    consents = [
        {"purpose": "marketing", "channel": "email", "status": "opt_in", "updated_at": _NOON},
        {"purpose": "marketing", "channel": "sms", "status": "opt_out"},
        {"purpose": "survey", "channel": "any", "status": "opt_in", "updated_at": _NOON - timedelta(hours=1)},
    ]
    customer = json.loads(customer_json(_stored(Entity.CUSTOMER, {"consents": consents})))
    assert {"marketing": False, "survey": True, "updatedAt": "2026-03-24T12:00:00Z"} == customer["consent"]


def test_several_addresses_of_a_channel_are_an_array() -> None:
    """The first form holds one, the second several."""
    fields = {"emails": [{"value": "a@x"}, {"value": "b@x"}], "phones": [{"value": "1"}]}
    customer = json.loads(customer_json(_stored(Entity.CUSTOMER, fields)))
    assert {"email": ["a@x", "b@x"], "phone": "1"} == customer["contacts"]


@pytest.mark.parametrize(
    ("reference", "customer_id"), [("logical:c:1", "c:1"), ("customer:cust_1", "cust_1"), ("", "")]
)
def test_an_order_born_elsewhere(reference: str, customer_id: str) -> None:
    """Its markers are the columns that it has, its customer is named as it was."""
    fields = {"order_id": "o-1", "customer_ref": reference, "sales_channel": "app", "canceled_at": _NOON}
    assert {
        "orderId": "o-1",
        "customerId": customer_id,
        "salesChannel": "app",
        "timestamps": {"canceledAt": "2026-03-24T12:00:00Z"},
    } == json.loads(order_json(_stored(Entity.ORDER, fields)))


def test_a_list_holds_its_documents() -> None:
    """An empty list is an empty array."""
    assert b'{"customers":[]}' == list_body("customers", [])
    assert b'{"orders":[{"a":1},{}]}' == list_body("orders", [b'{"a":1}', b"{}"])


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (_NOON, "2026-03-24T12:00:00Z"),
        (_NOON.replace(microsecond=120_000), "2026-03-24T12:00:00.120Z"),
        (datetime(2026, 3, 24, 12, tzinfo=timezone(timedelta(hours=-3))), "2026-03-24T15:00:00Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00Z"),
    ],
)
def test_times_are_utc(moment: datetime, expected: str) -> None:
    """UTC with `Z`, milliseconds kept (ruling R8)."""
    assert expected == rfc3339(moment)
