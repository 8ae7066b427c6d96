"""Hypothesis strategies for requests to ingest: good, bent, and nonsense."""

import gzip
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from backports import zstd
from hypothesis import strategies as st

from tests.support import od_v2_bodies, odp_v1_bodies
from tests.support.json_texts import json_bytes


@dataclass(frozen=True)
class Hostile:
    """One request to ingest."""

    plural: str
    body: bytes
    headers: dict[str, str]
    query: str


@dataclass(frozen=True)
class Dialect:
    """What good requests of a surface are made of."""

    bodies: Mapping[str, st.SearchStrategy[bytes]]
    """By plural: bodies, most of them good."""
    wrapped: Callable[[str, int], Any]
    """A good body of that plural, with that many records if it can hold them."""


def _odp_v1(plural: str, count: int) -> Any:
    records = [odp_v1_bodies.example(plural) for _ in range(count)]
    return {plural: records} if count > 1 else {odp_v1_bodies.SINGULAR[plural]: records[0]}


def _od_v2(plural: str, count: int) -> Any:
    record = od_v2_bodies.example(plural)
    return record if plural in od_v2_bodies.SINGLE else [record] * count


ODP_V1 = Dialect({plural: odp_v1_bodies.bodies(plural) for plural in odp_v1_bodies.SINGULAR}, _odp_v1)
OD_V2 = Dialect({plural: od_v2_bodies.bodies(plural) for plural in od_v2_bodies.PLURALS}, _od_v2)


def _nested(depth: int) -> Any:
    value: Any = 1
    for level in range(depth):
        value = [value] if level % 2 else {"x": value}
    return value


_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.sampled_from(
        ["", "\0", "\ud800", "$ne", "a" * 600, "2026-03-24T12:00:00", "9999-12-31T23:59:59.999999Z"]
    ),
    st.sampled_from(["0001-01-01T00:00:00Z", "app:", ":x", "+", "@", "%", "é" * 300]),
    st.builds(_nested, st.integers(1, 70)),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=3),
    st.lists(st.text(max_size=5), max_size=4),
)


def _places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Where every value within `value` is."""
    found = [path]
    members = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, member in members:
        found += _places(member, (*path, key))
    return found


@st.composite
def _bent(draw: st.DrawFn, dialect: Dialect, plural: str) -> bytes:
    """A good body of one record or a few, with values dropped, replaced or repeated."""
    body: Any = json.loads(json.dumps(dialect.wrapped(plural, draw(st.integers(1, 3)))))
    for _ in range(draw(st.sampled_from([0, 0, 1, 2, 3]))):
        places = _places(body)[1:]
        if not places:
            break
        *path, last = draw(st.sampled_from(places))
        parent = body
        for step in path:
            parent = parent[step]
        match draw(st.sampled_from(["drop", "replace", "replace", "add"])):
            case "drop":
                del parent[last]
            case "replace":
                parent[last] = draw(_VALUES)
            case "add" if isinstance(parent, dict):
                parent[draw(st.text(max_size=10))] = draw(_VALUES)
    return json.dumps(body, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")


def _mostly(good: st.SearchStrategy[Any], bad: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.integers(0, 9).flatmap(lambda n: bad if n == 9 else good)


_VISIBLE = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=40
)
_HEADERS: st.SearchStrategy[dict[str, str]] = st.fixed_dictionaries(
    {},
    optional={
        "Prefer": st.one_of(_VISIBLE, st.sampled_from(["wait=1", "handling=lenient", 'wait="1', "wait=9e9"])),
        "Idempotency-Key": _mostly(st.integers(0, 300).map(str), _VISIBLE),
        "traceparent": st.one_of(
            _VISIBLE, st.just(f"00-{'a' * 32}-{'b' * 16}-01"), st.just(f"ff-{'0' * 32}-")
        ),
        "tracestate": _VISIBLE,
        "X-Request-Id": _VISIBLE,
        "Accept": _VISIBLE,
        "Portico-After": _VISIBLE,
    },
)
_QUERY = st.one_of(st.just(""), st.sampled_from(["?", "?page=-1", "?%00=%FF", "?a=b&a=c", "?%", "?x=%zz"]))
_PACKED: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "zstd": zstd.compress}


@st.composite
def hostile(draw: st.DrawFn, dialect: Dialect) -> Hostile:
    """A request to one of the five operations."""
    plural = draw(st.sampled_from(sorted(dialect.bodies)))
    bent = _bent(dialect, plural)
    body = draw(_mostly(st.one_of(bent, dialect.bodies[plural]), json_bytes | st.binary(max_size=60)))
    headers = {name: value.strip() for name, value in draw(_HEADERS).items()}
    coding = draw(st.sampled_from([None] * 6 + ["gzip", "gzip", "zstd", "zstd", "other"]))
    if coding is not None:
        headers["Content-Encoding"] = draw(_VISIBLE).strip() if coding == "other" else coding
        if coding in _PACKED and draw(_mostly(st.just(True), st.just(False))):
            body = _PACKED[coding](body)
            body = body[: len(body) - draw(_mostly(st.just(0), st.integers(1, 9)))]
    if draw(st.sampled_from([False] * 9 + [True])):
        headers["Content-Type"] = draw(_VISIBLE).strip()
    return Hostile(plural, body, headers, draw(_QUERY))
