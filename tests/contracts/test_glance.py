"""Counting at a glance: what is counted is right, and what is usual is counted."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated, Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ConfigDict, Field, Strict, TypeAdapter, with_config
from typing_extensions import TypedDict

from bench.hostile.mutate import Mutator
from contracts import glance
from contracts.batch import read
from contracts.glance_types import UntypedError, glanced
from contracts.od_v2.examples import EXAMPLES as OD_V2_EXAMPLES
from contracts.od_v2.operations import od_v2_operations
from contracts.odp_v1.examples import EXAMPLES
from contracts.odp_v1.operations import ODP_V1
from contracts.operations import Operation
from contracts.shapes import Array, Shape, Single
from domain.records import Entity
from tests.support.json_texts import json_texts

_OPERATIONS: tuple[Any, ...] = (*ODP_V1, *od_v2_operations("BR"))
_SHAPES: dict[str, Shape] = {one.name: one.shape for one in _OPERATIONS}
_CUSTOMERS, _EVENTS = _SHAPES["odp.v1.customers"], _SHAPES["odp.v1.events"]
_CUSTOMER: dict[str, Any] = {
    "id": "c-1",
    "externalIds": ["crm:1"],
    "name": "Maria",
    "contacts": {"phone": "+55-11-99999-0000"},
    "consent": {"marketing": True},
    "createdAt": "2026-01-01T00:00:00Z",
    "updatedAt": "2026-01-01T00:00:00Z",
}
_PERSON = {"identifier": {"type": "email", "value": "maria@example.com"}}
_PRIMARY = {"email": "maria@example.com", "isPrimary": True}
_HALF_A_THUMB = {"ratingStyle": "THUMBS_UP_DOWN", "value": 0.5}
_REVIEW = {
    "reviewType": "ORDER",
    "overallRating": {"ratingStyle": "STAR", "value": 5},
    "reviewDate": "2026-01-01T00:00:00Z",
}
_LARGEST = timedelta(hours=23, minutes=59)
_ZONES = st.timedeltas(-_LARGEST, _LARGEST).map(
    lambda offset: timezone(timedelta(minutes=offset // timedelta(minutes=1)))
)


def _is_sound(body: bytes, shape: Shape) -> bool:
    """Whether `body` is not counted, or right."""
    counted = glance.count(body, shape)
    if counted is None:
        return True
    batch = read(body, shape)
    return not batch.malformed and batch.records == counted


def _updated(text: str) -> bytes:
    """A customer whose version is `text`, as it stands in JSON."""
    return orjson.dumps({"customer": _CUSTOMER}).replace(
        b'"updatedAt":"2026-01-01T00:00:00Z"', b'"updatedAt":"%s"' % text.encode("utf-8", "surrogatepass")
    )


def _with_more(text: bytes) -> bytes:
    """An event with a member that no model names."""
    return (
        b'{"events":[{"eventType":"t","entityType":"lead","occurredAt":"2026-01-01T00:00:00Z",'
        b'"payload":{"more":%b}}]}' % text
    )


@given(
    st.builds(
        "".join,
        st.tuples(
            st.sampled_from(["2026", "2024", "0000", "0001", "0002", "9998", "9999", "1-2"]),
            st.sampled_from(["-01-01", "-12-31", "-02-29", "-13-01", "-00-10", "-1-1", "0101"]),
            st.sampled_from(["T", "t", " ", "_", "", "\\u0054", "\\u0020"]),
            st.sampled_from(
                ["00:00:00", "23:59:59", "23:59:60", "24:00:00", "12:30", "123000", "\\u00300:00:00"]
            ),
            st.sampled_from(["", ".1", ".123", ".123456789", ".1234567891", ".", ",5"]),
            st.sampled_from(
                ["Z", "z", "", "+00:00", "-03:00", "+23:59", "-23:59", "+24:00", "+0000", "-0300"]
            )
            | st.sampled_from(["+03", " Z", "\\n", "\\u005a", "-00:60"]),
        ),
    )
)
@example("2026-01-01T00:00:00+0000")
@example("2026-01-01T00:00:00.5-0300")
@example("2026-01-01 00:00:00Z")
@example("0001-01-01T00:00:00+00:01")
@example("9999-12-31T23:59:59-00:01")
def test_a_counted_time_is_one(text: str) -> None:
    """No time is counted that is not RFC 3339's, in the calendar and in UTC."""
    assert _is_sound(_updated(text), _CUSTOMERS)


@given(st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31)), _ZONES | st.just(UTC))
def test_usual_times_are_counted(moment: datetime, zone: timezone) -> None:
    """Whatever their offset, and with or without a fraction."""
    text = moment.replace(tzinfo=zone).isoformat()
    assert glance.count(_updated(text), _CUSTOMERS) == 1


@given(json_texts)
def test_a_counted_body_keeps_the_rules_of_json(text: bytes) -> None:
    """In what no model names, too."""
    assert _is_sound(_with_more(text), _EVENTS)


@pytest.mark.parametrize("depth", [62, 63, 64, 1000, 100_000])
@pytest.mark.parametrize("beside", [0, 1, 999])
def test_a_counted_body_nests_no_deeper_than_the_rules_allow(depth: int, beside: int) -> None:
    """However many records stand beside the one that nests."""
    record = orjson.loads(_with_more(b"1"))["events"][0]
    deep = _with_more(b"[" * depth + b"]" * depth)[: -len("]}")]
    body = b"%b%b]}" % (deep, b",%b" % orjson.dumps(record) * beside)
    assert _is_sound(body, _EVENTS)
    assert (glance.count(body, _EVENTS) == 1 + beside) == (depth + 4 <= 64)


@pytest.mark.parametrize(
    "text",
    [
        *(
            b'"\xff"',
            b'"\xed\xa0\x80"',
            b'"\\ud800"',
            b'"\\udc00"',
            b"1e400",
            b"1e+400",
            b"9223372036854775808",
        ),
        *(b"NaN", b"-Infinity", b'{"\\u0000":1}', b"01", b"[1,]", b'"\n"'),
    ],
)
def test_what_breaks_a_rule_is_not_counted(text: bytes) -> None:
    """msgspec steps over some of these."""
    assert glance.count(_with_more(text), _EVENTS) is None


@pytest.mark.parametrize("number", ["1e400", "1E+400", "9223372036854775808", "-9223372036854775809"])
def test_a_number_keeps_the_rules_where_the_contract_names_it_too(number: str) -> None:
    """Not only in members that msgspec steps over."""
    body = '{"review":{"id":"r","referenceType":"store","score":%s}}'
    counted = [glance.count((body % text).encode(), _SHAPES["odp.v1.reviews"]) for text in ("5", number)]
    assert counted == [1, None]


@pytest.mark.parametrize("type_", [Any, int, int | str, int | None])
def test_a_number_keeps_the_rules_whatever_else_may_stand_there(type_: Any) -> None:
    """Anything, a whole number, or one thing of several."""
    shape = Single(TypeAdapter[Any](Annotated[list[type_], Strict()]))
    assert glance.count(b"[5]", shape) == 1
    assert glance.count(b"[9223372036854775808]", shape) is None


@pytest.mark.parametrize(
    "text",
    [
        *(
            '"São Paulo"',
            '"\\ud83d\\ude00"',
            '"S\\u00e3o Paulo"',
            '"C:\\\\dir\\/"',
            '"+55 11 4002-8922"',
            '"12:00-13:00"',
        ),
        *("922337203685477580", "-1.5e-7", "[[[{}]]]", '"3f1e4000-0e00-40e0-9000-1234567890e9"', "null"),
    ],
)
def test_what_is_usual_is_counted(text: str) -> None:
    """Letters beyond ASCII, escapes, phone numbers, opening hours, UUIDs and whole numbers."""
    assert glance.count(_with_more(text.encode()), _EVENTS) == 1


@pytest.mark.parametrize("plural", EXAMPLES)
def test_the_examples_of_odp_v1_are_counted(plural: str) -> None:
    """Alone and several at once, however they are laid out."""
    for body in EXAMPLES[plural].values():
        for text in (orjson.dumps(body), json.dumps(body, indent=2).encode()):
            counted = glance.count(text, _SHAPES[f"odp.v1.{plural}"])
            assert counted == len(body.get(plural, "1"))


@pytest.mark.parametrize("plural", OD_V2_EXAMPLES)
def test_the_examples_of_open_delivery_are_counted(plural: str) -> None:
    """One, and several where several may come."""
    shape = _SHAPES[f"od.v2.{plural}"]
    for record in OD_V2_EXAMPLES[plural].values():
        for body in [record] if isinstance(shape, Single) else [[record], [record] * 3]:
            assert glance.count(orjson.dumps(body), shape) == (len(body) if isinstance(body, list) else 1)


@pytest.mark.parametrize("operation", _OPERATIONS, ids=lambda operation: operation.name)
def test_an_operation_counts_what_it_finds_nothing_wrong_with(operation: Operation) -> None:
    """And leaves a body with one thing wrong to the check."""
    contract, _, plural = operation.name.rpartition(".")
    examples = EXAMPLES if contract == "odp.v1" else OD_V2_EXAMPLES
    example = next(iter(examples[plural].values()))
    batch = isinstance(_SHAPES[operation.name], Array)
    body = orjson.dumps([example] if batch else example)
    assert operation.count(body) == operation.check(body).records == 1
    assert operation.count(body[:-1]) is None
    assert operation.count(orjson.dumps([example, {}] if batch else {})) is None


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("od.v2.customers", [{**_PERSON, "contacts": {"phones": [{"type": "home"}]}}]),
        ("od.v2.customers", [{**_PERSON, "contacts": {"emails": [_PRIMARY, _PRIMARY]}}]),
        ("od.v2.customers", [_PERSON, {**_PERSON, "addresses": [{"isPrimary": True}, {"isPrimary": True}]}]),
        ("od.v2.leads", [{"source": "campaign"}]),
        ("od.v2.leads", [{"name": "", "externalIds": []}]),
        ("od.v2.reviews", {**_REVIEW, "overallRating": {"ratingStyle": "STAR", "value": 6}}),
        ("od.v2.reviews", {**_REVIEW, "questions": [{"question": "?", "rating": _HALF_A_THUMB}]}),
    ],
)
def test_a_rule_over_several_members_is_kept(name: str, body: Any) -> None:
    """Wherever the value is that it is for."""
    assert glance.count(orjson.dumps(body), _SHAPES[name]) is None


def test_strict_orders_are_counted_and_their_rules_kept() -> None:
    """An order that is delivered has a customer, and a UUID has no end of line."""
    [strict] = [one for one in od_v2_operations("BR", strict_orders=True) if one.entity is Entity.ORDER]
    whole = OD_V2_EXAMPLES["orders"]["whole"]
    assert strict.count(orjson.dumps([whole])) == strict.check(orjson.dumps([whole])).records == 1
    for wrong in ({**whole, "type": "DELIVERY"}, {**whole, "id": f"{whole['id']}\n"}):
        assert strict.count(orjson.dumps([wrong])) is None


def test_bent_examples_are_counted_only_where_they_are_right() -> None:
    """Real bodies, bent by bytes and by members."""
    mutator = Mutator(seed=24)
    shapes = _SHAPES.values()
    bent = [mutator.next().body for _ in range(1000)]
    assert [] == [(body, shape) for body in bent for shape in shapes if not _is_sound(body, shape)]
    assert any(glance.count(body, shape) for body in bent for shape in shapes)


@with_config(ConfigDict(extra="forbid"))
class _Closed(TypedDict):
    name: str


class _Patterned(TypedDict):
    name: Annotated[str, Field(pattern="^[a-z]+$")]


@pytest.mark.parametrize("model", [_Closed, _Patterned, dict[str, str]])
def test_a_schema_that_types_cannot_say_is_not_guessed_at(model: Any) -> None:
    """Its bodies are left to the judges."""
    adapter = TypeAdapter[Any](model)
    with pytest.raises(UntypedError):
        glanced(adapter.core_schema)
    assert glance.count(b'{"name":"a"}', Single(adapter)) is None


def test_a_body_that_names_its_records_twice_is_not_counted() -> None:
    """One or several, not both, and not none."""
    both = orjson.dumps({"customer": _CUSTOMER, "customers": [_CUSTOMER]})
    assert glance.count(both, _CUSTOMERS) is None
    assert glance.count(b"{}", _CUSTOMERS) is None
