"""ODP v1 records and bodies for tests."""

import json
from typing import Any

from hypothesis import strategies as st

from contracts.odp_v1.examples import EXAMPLES
from contracts.operations import Origin
from tests.support.json_texts import SCALARS

ORIGIN = Origin("tenant-a", "ing_TEST", 1_750_000_000_000)

SINGULAR = {plural: plural.removesuffix("s") for plural in EXAMPLES}


def example(plural: str, **changes: Any) -> dict[str, Any]:
    """The example record of `plural` with `changes`; a change to `...` removes the field."""
    record = {**EXAMPLES[plural]["one"][SINGULAR[plural]], **changes}
    return {key: value for key, value in record.items() if value is not ...}


def one(plural: str, **changes: Any) -> bytes:
    """A body of the single example record of `plural` with `changes`."""
    return json.dumps({SINGULAR[plural]: example(plural, **changes)}).encode()


def several(plural: str, *records: Any) -> bytes:
    """A body with an array of `records`."""
    return json.dumps({plural: records}).encode()


_TEXTS = st.text(max_size=8)
_JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        _TEXTS,
        st.integers(),
        st.floats(),
        st.sampled_from(["", "customer", "order"]),
    ),
    lambda children: st.one_of(
        st.lists(children, max_size=3),
        st.dictionaries(st.one_of(_TEXTS, st.just("email")), children, max_size=3),
    ),
    max_leaves=5,
)


@st.composite
def records(draw: st.DrawFn, plural: str) -> Any:
    """A record of `plural`: good, or with fields that are anything, missing or unknown."""
    record = example(plural)
    for name in draw(st.lists(st.sampled_from([*record, "updatedAt", "extra", "contacts"]), max_size=2)):
        record[name] = draw(_JSON)
    for name in draw(st.lists(st.sampled_from(sorted(record)), max_size=1)):
        record.pop(name, None)
    return draw(st.sampled_from([record, record, record, record, draw(_JSON)]))


@st.composite
def bodies(draw: st.DrawFn, plural: str) -> bytes:
    """A body for `plural`, whose records may be anything, with a damaged value now and then."""
    several_of_them = draw(st.lists(records(plural), max_size=4))
    singular = draw(records(plural))
    body = draw(
        st.sampled_from(
            [{plural: several_of_them}, {plural: several_of_them}, {SINGULAR[plural]: singular}, singular]
        )
    )
    text = json.dumps(body, ensure_ascii=draw(st.booleans()))
    if draw(st.integers(0, 3)) == 0:
        text = text.replace('"app', draw(st.sampled_from(SCALARS)) + ',"app', 1)
    return text.encode("utf-8", "surrogatepass")
