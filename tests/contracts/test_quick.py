"""The quick judges of bodies: what they take, the contracts take."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from pydantic_core import SchemaValidator

from contracts.odp_v1.examples import EXAMPLES
from contracts.odp_v1.operations import ODP_V1
from contracts.quick import judge_of
from contracts.types import Date, Timestamp

_TIMES, _DATES = TypeAdapter[Any](Timestamp), TypeAdapter[Any](Date)
_LIKE_DATES = "[0-9]{4}-[01][0-9]-[0-3][0-9]"
_LIKE_TIMES = (
    f"{_LIKE_DATES}[Tt][0-2][0-9]:[0-6][0-9]:[0-6][0-9]([.][0-9]{{1,10}})?([Zz]|[+-][0-2][0-9]:[0-6][0-9])"
)
_LARGEST = timedelta(hours=23, minutes=59)


def _takes(judge: TypeAdapter[Any] | SchemaValidator, text: str) -> bool:
    try:
        judge.validate_json(orjson.dumps(text))
    except ValidationError:
        return False
    return True


@given(st.from_regex(_LIKE_TIMES, fullmatch=True, alphabet=st.characters(codec="ascii")))
@example("2024-02-29T23:59:59.999999999-23:59")
@example("2100-02-29T00:00:00Z")
@example("1000-01-01T00:00:00+23:59")
@example("2026-12-31T23:59:60Z")
def test_a_quickly_taken_time_is_one(text: str) -> None:
    """No quick judge takes what is not in the calendar or has no UTC."""
    assert _takes(_TIMES, text) or not _takes(judge_of(_TIMES), text)


@given(st.from_regex(_LIKE_DATES, fullmatch=True, alphabet=st.characters(codec="ascii")))
@example("2000-02-29")
@example("2023-02-29")
@example("2026-04-31")
def test_a_quickly_taken_date_is_one(text: str) -> None:
    """Nor what is no date."""
    assert _takes(_DATES, text) or not _takes(judge_of(_DATES), text)


@given(
    st.datetimes(datetime(1001, 1, 1), datetime(8998, 1, 1)),
    st.timedeltas(-_LARGEST, _LARGEST).map(
        lambda offset: timezone(timedelta(minutes=offset // timedelta(minutes=1)))
    ),
)
def test_usual_times_are_taken_quickly(moment: datetime, zone: timezone) -> None:
    """What senders write needs no second judge, but on the 29th of February of some years."""
    when = moment.replace(tzinfo=zone)
    leap_century = (when.month, when.day, when.year % 100) == (2, 29, 0)
    assert leap_century or _takes(judge_of(_TIMES), when.isoformat())


@given(st.dates(date(1001, 1, 1), date(8998, 1, 1)))
def test_usual_dates_are_taken_quickly(day: date) -> None:
    """And so do dates."""
    leap_century = (day.month, day.day, day.year % 100) == (2, 29, 0)
    assert leap_century or _takes(judge_of(_DATES), day.isoformat())


@pytest.mark.parametrize("operation", ODP_V1, ids=lambda operation: operation.name)
def test_the_quick_judge_of_a_body_makes_no_times(operation: Any) -> None:
    """Examples of the contract pass it, and come out as they were written."""
    for body in EXAMPLES[operation.name.rpartition(".")[2]].values():
        taken = judge_of(operation.shape.body).validate_json(orjson.dumps(body))
        assert not any(isinstance(value, datetime) for value in _leaves(taken))


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for one in value.values() for leaf in _leaves(one)]
    if isinstance(value, list):
        return [leaf for one in value for leaf in _leaves(one)]
    return [value]


def test_a_time_that_is_not_taken_quickly_is_taken() -> None:
    """In the year 9999, on a leap day of a century: judged in full, and right."""
    for text in ("9999-12-31T23:59:59Z", "2000-02-29T00:00:00Z", "0001-01-01T00:00:00Z"):
        assert _takes(_TIMES, text)
        assert not _takes(judge_of(_TIMES), text)
    assert _TIMES.validate_json('"2000-02-29T00:00:00Z"') == datetime(2000, 2, 29, tzinfo=UTC)


@pytest.mark.parametrize("operation", ODP_V1, ids=lambda operation: operation.name)
def test_counts_what_is_right_and_nothing_else(operation: Any) -> None:
    """A body is counted where the check has nothing to say, and left to it where one record is wrong."""
    plural = operation.name.rpartition(".")[2]
    [*_, right] = EXAMPLES[plural].values()
    records = right[plural] if plural in right else [right[operation.entity.value]]
    body = orjson.dumps({plural: records * 3})
    assert operation.count(body) == operation.check(body).records == 3 * len(records)
    assert operation.count(orjson.dumps({plural: [*records, {}]})) is None
    assert operation.count(body[:-1]) is None
