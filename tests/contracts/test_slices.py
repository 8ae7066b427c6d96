"""Cutting bodies into records."""

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.operations import MAX_RECORDS
from contracts.slices import CutError, Member, elements, members
from tests.support.json_reference import keeps_rules
from tests.support.json_texts import json_bytes, json_texts

_GOOD = json_texts.filter(keeps_rules)
_BLANK = st.sampled_from([b"", b" ", b"\r\n\t"])


@given(st.lists(st.tuples(_BLANK, _GOOD, _BLANK), max_size=5))
def test_elements_are_cut_to_the_byte(parts: list[tuple[bytes, bytes, bytes]]) -> None:
    """Each element is what stood there, without the white space around it."""
    array = b"[" + b",".join(b"".join(part) for part in parts) + b"]"
    assert [text.strip() for _, text, _ in parts] == elements(array, "")


@given(st.lists(st.tuples(st.text(max_size=5), _BLANK, _GOOD), max_size=4))
def test_members_are_cut_to_the_byte(parts: list[tuple[str, bytes, bytes]]) -> None:
    """Repeated keys come again, in order."""
    pairs = [orjson.dumps(key) + blank + b":" + blank + text + blank for key, blank, text in parts]
    expected = [Member(key, text.strip()) for key, _, text in parts]
    assert expected == members(b" {" + b",".join(pairs) + b"}\n")


@given(json_bytes)
def test_whatever_is_no_object_is_a_fault(body: bytes) -> None:
    """Nothing but CutError is raised, and every JSON object can be cut."""
    try:
        found = members(body)
    except CutError:
        assert not (keeps_rules(body) and isinstance(orjson.loads(body), dict))
    else:
        assert all(isinstance(member, Member) for member in found)


def test_damaged_records_are_cut_too() -> None:
    """Bad UTF-8, NaN, lone surrogates and long integers stay within their record."""
    damaged = [b'"\xff\xc3"', b"NaN", b'"\\ud800"', b"9" * 5000, b'{"a":-Infinity}']
    assert damaged == elements(b"[ %s ]" % b" ,\n".join(damaged), "")


@pytest.mark.parametrize("count", [MAX_RECORDS, MAX_RECORDS + 1])
def test_elements_are_bounded(count: int) -> None:
    """Cutting stops at the bound, however many follow."""
    array = json.dumps([0] * count).encode()
    if count > MAX_RECORDS:
        with pytest.raises(CutError):
            elements(array, "/customers")
    else:
        assert [b"0"] * count == elements(array, "/customers")
