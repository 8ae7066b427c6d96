"""Cursors as tokens."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from domain.reading import Cursor, Order, Query
from domain.records import Entity
from gateway.paging import InvalidCursorError, decode_cursor, encode_cursor

LIST = Query(
    Entity.ORDER,
    "acme",
    Order.CHANGED,
    above=5,
    until=9,
    customer_refs=frozenset({"logical:a", "customer:c"}),
    equal=(("merchant_id", "m"), ("sales_channel", "c")),
    descending=True,
)
CURSOR = Cursor(1_770_000_000_000, "ord_0123456789")
OTHERS = (
    replace(LIST, entity=Entity.LEAD),
    replace(LIST, tenant="acm"),
    replace(LIST, order=Order.VERSION),
    replace(LIST, above=None),
    replace(LIST, above=9, until=5),
    replace(LIST, until=10),
    replace(LIST, descending=False),
    replace(LIST, equal=()),
    replace(LIST, equal=(("merchant_id", "m"),)),
    replace(LIST, equal=(("merchant_id", "c"), ("sales_channel", "m"))),
    replace(LIST, customer_refs=None),
    replace(LIST, customer_refs=frozenset()),
    replace(LIST, customer_refs=frozenset({"logical:a", "customer:d"})),
)


@given(some.integers(-(2**63), 2**63 - 1), some.text(max_size=60))
def test_a_cursor_comes_back_from_its_token(at: int, record_id: str) -> None:
    """Whatever the place is; and the token needs no escaping in a URL."""
    token = encode_cursor(LIST, Cursor(at, record_id))
    assert Cursor(at, record_id) == decode_cursor(LIST, token)
    assert token.replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize("other", OTHERS)
def test_a_token_of_another_list_is_refused(other: Query) -> None:
    """Every part of the query counts."""
    with pytest.raises(InvalidCursorError):
        decode_cursor(other, encode_cursor(LIST, CURSOR))


def test_a_customer_who_gained_a_key_keeps_his_tokens() -> None:
    """Where the references name a customer id it alone counts, in any order of the others."""
    for own in ("customer:c", "id:cust_0123456789ABCDEFGHJKMNPQRS"):
        before = replace(LIST, customer_refs=frozenset({"logical:a", own}))
        after = replace(LIST, customer_refs=frozenset({"logical:a", "id:b", own}))
        assert CURSOR == decode_cursor(after, encode_cursor(before, CURSOR))


def test_the_order_of_filters_does_not_matter() -> None:
    """They are the same list in any order."""
    turned = replace(LIST, equal=LIST.equal[::-1])
    assert CURSOR == decode_cursor(turned, encode_cursor(LIST, CURSOR))


def test_references_without_a_customer_id_all_count() -> None:
    """A list by keys alone is another one with other keys."""
    one = replace(LIST, customer_refs=frozenset({"logical:a"}))
    with pytest.raises(InvalidCursorError):
        decode_cursor(replace(LIST, customer_refs=frozenset({"logical:b"})), encode_cursor(one, CURSOR))


def test_every_damaged_token_is_refused() -> None:
    """A changed, missing or added character anywhere, and spellings that base 64 would forgive."""
    token = encode_cursor(LIST, CURSOR)
    damaged = [token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :] for at in range(len(token))]
    damaged += [token[:-1], token + "A", token + "=", token + "\n", "", "ä", "-", "A" * 2_000]
    for one in damaged:
        with pytest.raises(InvalidCursorError):
            decode_cursor(LIST, one)


@given(some.text(max_size=80))
def test_any_text_is_a_token_or_refused(text: str) -> None:
    """No other error comes out."""
    with pytest.raises(InvalidCursorError):
        decode_cursor(LIST, text)


def test_tokens_are_the_same_in_every_process() -> None:
    """A token outlives the process that gave it: this one was written down."""
    assert CURSOR == decode_cursor(LIST, "-XEUbNzTN0X3nZFIAAABnBw4pABvcmRfMDEyMzQ1Njc4OQ")
