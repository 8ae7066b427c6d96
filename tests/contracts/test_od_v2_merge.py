"""How words on one customer, or lead, add up (contracts B.4, E.4)."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.fold import Effect
from domain.records import Outcome, Record, SourceState
from tests.support.od_v2_bodies import CUSTOMERS, LEADS, record_of, stored_of

_ID = {"identifier": {"type": "custom", "value": "c"}}


def _folded(records: Sequence[Record]) -> SourceState:
    """What is known once all are applied, in order; what became of the last is not part of it."""
    return replace(stored_of(*records).sources["od_v2"], outcome=Outcome.CREATED)


def _said(*words: dict[str, Any]) -> dict[str, Any]:
    """The document after `words`, one a millisecond."""
    records = [record_of("customers", {**_ID, **word}, at) for at, word in enumerate(words)]
    document: dict[str, Any] = orjson.loads(_folded(records).document)
    document.pop("identifier")
    return document


@pytest.mark.parametrize(("plural", "words"), [("customers", CUSTOMERS), ("leads", LEADS)])
@settings(max_examples=150)
@given(data=st.data())
def test_any_order_duplication_and_interleaving_ends_in_the_same(
    plural: str, words: st.SearchStrategy[dict[str, Any]], data: st.DataObject
) -> None:
    """Document, columns, times of the parts and version: all of the state (invariants 3 and 4)."""
    records = [
        record_of(plural, word, at)
        for at, word in enumerate(data.draw(st.lists(words, min_size=1, max_size=4)))
    ]
    again = data.draw(st.lists(st.sampled_from(records), max_size=4))
    arrivals = data.draw(st.permutations(records + again))

    assert _folded(records) == _folded(arrivals)


@settings(max_examples=60)
@given(words=st.lists(CUSTOMERS, min_size=2, max_size=4))
def test_what_is_known_already_changes_nothing(words: list[dict[str, Any]]) -> None:
    """Replaying everything leaves the very state that was there."""
    records = [record_of("customers", word, at) for at, word in enumerate(words)]
    state = _folded(records)
    for one in records:
        assert state is one.fold(state, one).state


def test_what_is_absent_stays_and_what_is_there_is_replaced() -> None:
    """A scalar has its newest word."""
    assert {"document": {"number": "1"}, "name": "b"} == _said(
        {"name": "a", "document": {"number": "1"}}, {"name": "b"}
    )


def test_null_clears() -> None:
    """Scalars, collections, and whole objects; what comes later is there again."""
    assert {"contacts": {"emails": [{"email": "b"}]}} == _said(
        {"name": "a", "contacts": {"emails": [{"email": "a"}], "chat": 1}, "metadata": {"x": 1}},
        {"name": None, "contacts": None, "metadata": None},
        {"contacts": {"emails": [{"email": "b"}]}},
    )


def test_metadata_and_demographics_merge_member_by_member() -> None:
    """A member's null clears that member; what is within a member is replaced with it."""
    assert {
        "metadata": {"b": 2, "c": {"y": 1}},
        "demographics": {"gender": "f", "birthDate": "1990-02-28"},
    } == _said(
        {"metadata": {"a": 1, "b": 2, "c": {"x": 1}}, "demographics": {"gender": "f"}},
        {"metadata": {"a": None, "c": {"y": 1}}, "demographics": {"birthDate": "1990-02-28"}},
    )


def test_collections_unite_by_value() -> None:
    """The same address, number or id again renews the element; both ways to tell an address count."""
    expected = {
        "contacts": {"emails": [{"email": "b@x"}, {"email": "A@x", "type": "work"}]},
        "externalIds": [{"source": "s", "value": "1", "key": "k"}, {"source": "s", "value": "2"}],
        "addresses": [{"street": "B"}, {"street": "A", "isPrimary": True}],
    }
    assert expected == _said(
        {
            "contacts": {"emails": [{"email": "a@x"}, {"email": "b@x"}]},
            "externalIds": [{"source": "s", "value": "1"}],
            "addresses": [{"street": "A"}, {"street": "B"}],
        },
        {
            "contacts": {"emails": [{"email": "A@x", "type": "work"}]},
            "externalIds": [{"source": "s", "value": "1", "key": "k"}, {"source": "s", "value": "2"}],
            "address": {"street": "A", "isPrimary": True},
        },
    )


def test_a_single_word_comes_back_as_it_was_said() -> None:
    """In its own order, unknown members and all, except for nulls and the single address."""
    word = {"zz": {"a": None}, "metadata": {"b": 1, "a": []}, "name": "n", "externalIds": [], "contacts": {}}
    assert [*word] == [*_said(word)]
    assert word == _said(word)


def test_an_older_record_fills_what_nobody_said() -> None:
    """E.4: B applies the missing fields of what is older, without an error."""
    newer = record_of("customers", {**_ID, "name": "new", "updatedAt": "2026-06-02T00:00:00Z"}, 1)
    older = record_of(
        "customers", {**_ID, "name": "old", "merchantId": "m", "updatedAt": "2026-06-01T00:00:00Z"}, 2
    )
    state = newer.fold(None, newer).state

    effect, filled = older.fold(state, older)

    assert Effect.CHANGED is effect
    assert ("new", "m") == (filled.fields["display_name"], filled.fields["merchant_id"])
    assert newer.version == filled.version


@pytest.mark.parametrize(
    ("words", "outcome"),
    [
        ([{"name": "a"}], Outcome.CREATED),
        ([{"name": "a"}, {"name": "b"}], Outcome.UPDATED),
        ([{"name": "a"}, {"name": "a"}], Outcome.UNCHANGED),
        ([{"name": "a", "merchantId": "m"}, {"name": "a"}], Outcome.UNCHANGED),
        ([{"name": "a"}, {"name": "a", "updatedAt": "2030-01-01T00:00:00Z"}], Outcome.UNCHANGED),
        ([{"name": "a"}, {"name": None}], Outcome.UPDATED),
    ],
)
def test_the_outcome_says_whether_anything_changed(words: list[dict[str, Any]], outcome: Outcome) -> None:
    """Only the time of the word does not count as a change."""
    records = [record_of("customers", {**_ID, **word}, at) for at, word in enumerate(words)]
    assert outcome == stored_of(*records).sources["od_v2"].outcome


def test_an_older_contradiction_is_stale() -> None:
    """Nothing of it is applied."""
    newer = record_of("customers", {**_ID, "name": "new"}, 1)
    older = record_of("customers", {**_ID, "name": "old"}, 0)
    state = newer.fold(None, newer).state
    assert (Effect.IGNORED, state) == older.fold(state, older)


def test_every_order_of_clearing_and_saying_agrees() -> None:
    """Clearing an object, one of its collections, and saying elements before and after."""
    words: list[dict[str, Any]] = [
        {"contacts": {"emails": [{"email": "a"}]}},
        {"contacts": {"emails": None, "phones": []}},
        {"contacts": None},
        {"contacts": {}},
        {"contacts": {"emails": [{"email": "b", "isPrimary": True}]}},
    ]
    records = [record_of("customers", _ID | word, at) for at, word in enumerate(words)]
    states = [_folded(order) for order in permutations(records)]
    assert all(states[0] == state for state in states)
