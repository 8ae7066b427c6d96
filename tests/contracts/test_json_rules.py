"""Which JSON a contract takes."""

import orjson
import pytest
from hypothesis import given

from contracts.json_rules import faults_of, is_suspicious
from domain.records import Fault
from tests.support.json_reference import keeps_rules
from tests.support.json_texts import SCALARS, json_bytes, json_texts


@given(json_bytes)
def test_agrees_with_a_slow_reading_of_the_rules(body: bytes) -> None:
    """Whatever the bytes, the fast rules and the plain ones say the same."""
    assert keeps_rules(body) == (faults_of(body) == ())


@pytest.mark.parametrize("text", SCALARS, ids=lambda text: ascii(text[:30]))
@pytest.mark.parametrize("frame", ["%s", "[%s]", '{"a": %s}', '["x",%s ]', '{"a":[%s\n,1]}'])
def test_agrees_on_every_edge(frame: str, text: str) -> None:
    """Every edge of the rules is found wherever it stands."""
    body = (frame % text).encode("utf-8")
    assert keeps_rules(body) == (faults_of(body) == ())


@given(json_texts)
def test_an_unsuspicious_body_that_parses_keeps_the_rules(body: bytes) -> None:
    """The scan never calls a body harmless that a parser takes and a rule forbids."""
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        return
    assert is_suspicious(body) or keeps_rules(body)


def test_names_each_breach_by_pointer() -> None:
    """All breaches of a body are told, each where it is."""
    body = b'{"a/b":[1,99999999999999999999,{"k\\u0000":1}],"c":1e999,"d":NaN,"e":"\\ud800"}'
    expected = (
        Fault("INTEGER_OUT_OF_RANGE", "an integer beyond signed 64 bits", "/a~1b/1"),
        Fault("INVALID_KEY", "a key with a NUL character", "/a~1b/2/k\0"),
        Fault("INVALID_NUMBER", "not a finite number", "/c"),
        Fault("INVALID_NUMBER", "not a finite number", "/d"),
        Fault("INVALID_JSON", "a lone surrogate", "/e"),
    )
    assert expected == faults_of(body)


def test_what_is_wide_is_not_deep() -> None:
    """A hundred thousand empty lists beside one another, and one at their end that is too deep."""
    wide = b"[" + b"[]," * 100_000
    assert () == faults_of(wide + b"[]]")
    assert ["TOO_DEEP"] == [fault.code for fault in faults_of(wide + b"[" * 64 + b"]" * 65)]


@pytest.mark.parametrize(("depth", "codes"), [(64, []), (65, ["TOO_DEEP"]), (100_000, ["TOO_DEEP"])])
def test_nesting_is_bounded(depth: int, codes: list[str]) -> None:
    """64 levels are taken, more are not, however many."""
    body = b"[" * depth + b"]" * depth
    assert codes == [fault.code for fault in faults_of(body)]


def test_a_repeated_key_hides_nothing() -> None:
    """The last of repeated keys counts, but the others keep the rules too."""
    assert ["/a"] == [fault.pointer for fault in faults_of(b'{"a":18446744073709551616,"a":1}')]


@pytest.mark.parametrize(
    "text",
    [
        "3f1e4000-0e00-40e0-9000-1234567890e9",
        "12345678901234567890123",
        "app:0e000",
        "5:1e999",
        'Ob{j}e\\"ct',
    ],
)
def test_ids_that_look_like_wide_numbers_stay_on_the_fast_path(text: str) -> None:
    """Hexadecimal and long numeric ids in strings are no reason to walk the body."""
    assert not is_suspicious(b'{"customers":[{"id":"%s","n":[1,{}]}]}' % text.encode())
