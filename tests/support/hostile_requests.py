"""Hypothesis strategies for requests to surface A: good, bent, and nonsense."""

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from backports import zstd
from hypothesis import strategies as st

from contracts.odp_v1.examples import EXAMPLES
from tests.support.json_texts import json_bytes
from tests.support.odp_v1_bodies import SINGULAR, bodies, example


@dataclass(frozen=True)
class Hostile:
    """One request to ingest."""

    plural: str
    body: bytes
    headers: dict[str, str]
    query: str


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
def _bent(draw: st.DrawFn, plural: str) -> bytes:
    """A good body of one record or a few, with values dropped, replaced or repeated."""
    records = [example(plural) for _ in range(draw(st.integers(1, 3)))]
    body: Any = {plural: records} if len(records) > 1 else {SINGULAR[plural]: records[0]}
    body = json.loads(json.dumps(body))
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


_VISIBLE = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=40
)
_HEADERS: st.SearchStrategy[dict[str, str]] = st.fixed_dictionaries(
    {},
    optional={
        "Prefer": st.one_of(_VISIBLE, st.sampled_from(["wait=1", "handling=lenient", 'wait="1', "wait=9e9"])),
        "Idempotency-Key": st.one_of(_VISIBLE, st.sampled_from(["k", "k2"])),
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
def hostile(draw: st.DrawFn) -> Hostile:
    """A request to one of the five operations."""
    plural = draw(st.sampled_from(sorted(EXAMPLES)))
    body = draw(st.one_of(_bent(plural), _bent(plural), bodies(plural), json_bytes, st.binary(max_size=60)))
    headers = {name: value.strip() for name, value in draw(_HEADERS).items()}
    coding = draw(st.sampled_from([None, None, None, "gzip", "zstd", "other"]))
    if coding is not None:
        headers["Content-Encoding"] = draw(_VISIBLE).strip() if coding == "other" else coding
        if coding in _PACKED and draw(st.booleans()):
            body = _PACKED[coding](body)
            body = body[: len(body) - draw(st.sampled_from([0, 0, 0, 1, 9]))]
    if draw(st.sampled_from([False] * 9 + [True])):
        headers["Content-Type"] = draw(_VISIBLE).strip()
    return Hostile(plural, body, headers, draw(_QUERY))
