"""The envelope: what is packed is unpacked, and what breaks the message contract is told."""

from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import MessageError
from messaging.envelope import MANIFEST, Ingestion, pack, unpack
from messaging.port import Message

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=50)
INGESTIONS = st.builds(
    Ingestion,
    id=TEXTS,
    operation=NAMES,
    tenant=NAMES,
    body=st.binary(max_size=200),
    principal=TEXTS,
    accepted_at=st.integers(0, 10**15 - 1),
    records=st.integers(0, 1000),
    trace=TEXTS,
)
GOOD = Ingestion("ing_1", "odp.v1.customers", "acme", b"[]", "shop", 1_700_000_000_000, 1, "00-a-b-01")

GOOD_HEADERS = dict(pack([GOOD]).headers)


def manifest_of(*entries: Any) -> dict[str, str]:
    """Headers with a manifest of `entries`."""
    return {MANIFEST: orjson.dumps(entries).decode()}


@given(st.lists(INGESTIONS, min_size=1, max_size=6))
def test_what_is_packed_is_unpacked(ingestions: list[Ingestion]) -> None:
    """One or several, in order, byte for byte."""
    assert ingestions == unpack(pack(ingestions))


@given(st.lists(INGESTIONS, min_size=1, max_size=6))
def test_headers_are_text(ingestions: list[Ingestion]) -> None:
    """What a queue carries as headers can be encoded."""
    for name, value in pack(ingestions).headers.items():
        assert (name, value) == (name.encode().decode(), value.encode().decode())


def test_one_ingestion_travels_as_itself() -> None:
    """Its body is the message's, and its facts are flat headers that any producer can write."""
    message = pack([GOOD])
    assert message.body == b"[]"
    assert message.headers == {
        "portico-ingestion": "ing_1",
        "portico-operation": "odp.v1.customers",
        "portico-tenant": "acme",
        "portico-principal": "shop",
        "portico-accepted-at": "1700000000000",
        "portico-records": "1",
        "traceparent": "00-a-b-01",
    }


def test_other_producers_need_two_headers() -> None:
    """Operation and tenant suffice, and headers of others are let be."""
    headers = {"portico-operation": "odp.v1.leads", "portico-tenant": "acme", "x-theirs": "1"}
    assert [Ingestion("", "odp.v1.leads", "acme", b"{}")] == unpack(Message(headers, b"{}"))


@pytest.mark.parametrize(
    "change",
    [
        {"portico-operation": ""},
        {"portico-tenant": ""},
        {"portico-tenant": "x" * 513},
        {"portico-accepted-at": "yesterday"},
        {"portico-accepted-at": "-1"},
        {"portico-accepted-at": "1" * 16},
        {"portico-records": "1.5"},
        {"portico-records": "\u0661"},
    ],
)
def test_broken_headers_are_told(change: dict[str, str]) -> None:
    """A required fact that is missing, a text too long and a number that is none."""
    with pytest.raises(MessageError):
        unpack(Message({**GOOD_HEADERS, **change}, b"[]"))


@pytest.mark.parametrize(
    "headers",
    [
        {MANIFEST: ""},
        {MANIFEST: "{"},
        {MANIFEST: "1"},
        {MANIFEST: "null"},
        {MANIFEST: "{}"},
        {MANIFEST: '"text"'},
        {MANIFEST: "[1]"},
        {MANIFEST: "[null]"},
        {MANIFEST: '["text"]'},
        {MANIFEST: "[[]]"},
        manifest_of({"portico-operation": "o", "portico-tenant": "t"}),
        manifest_of({"portico-operation": "o", "portico-tenant": "t", "length": 3}),
        manifest_of({"portico-operation": "o", "portico-tenant": "t", "length": "two"}),
        manifest_of({"portico-operation": "o", "portico-tenant": "t", "length": None}),
        manifest_of({"portico-operation": 1, "portico-tenant": "t", "length": 2}),
        manifest_of({"portico-tenant": "t", "length": 2}),
        manifest_of(
            {"portico-operation": "o", "portico-tenant": "t", "length": 5},
            {"portico-operation": "o", "portico-tenant": "t", "length": -3},
        ),
    ],
)
def test_a_broken_manifest_is_told(headers: dict[str, str]) -> None:
    """Whatever a producer writes there, nothing but MessageError comes of it."""
    with pytest.raises(MessageError):
        unpack(Message(headers, b"[]"))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*GOOD_HEADERS, "length"]), inner),
    )
)
def test_any_manifest_at_all_is_unpacked_or_told(manifest: Any) -> None:
    """JSON of any shape never ends in another exception."""
    try:
        unpacked = unpack(Message({MANIFEST: orjson.dumps(manifest).decode()}, b""))
    except MessageError:
        return
    assert len(manifest) == len(unpacked)


def test_the_digest_is_of_the_body_alone() -> None:
    """The same bytes have the same digest, whatever else differs."""
    assert GOOD.digest == replace(GOOD, id="ing_2", tenant="other").digest
    assert GOOD.digest != replace(GOOD, body=b"[ ]").digest
    assert len(GOOD.digest) == 64
