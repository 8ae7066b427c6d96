"""Open Delivery v2 records and bodies for tests."""

import json
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from contracts.od_v2.examples import EXAMPLES
from contracts.operations import Decoded, Origin
from contracts.registry import OPERATIONS
from domain.decide import decide
from domain.records import Record, Stored

ORIGIN = Origin("tenant-a", "ing_TEST", 1_780_000_000_000)
PLURALS = tuple(EXAMPLES)
SINGLE = ("reviews", "events")


def example(plural: str, **changes: Any) -> dict[str, Any]:
    """The last example record of `plural` with `changes`; a change to `...` removes the field."""
    record = {**list(EXAMPLES[plural].values())[-1], **changes}
    return {key: value for key, value in record.items() if value is not ...}


def body(plural: str, *records: Any) -> bytes:
    """A body of `records`: an array, or for reviews and events the only one."""
    return json.dumps(records[0] if plural in SINGLE else records).encode()


def decoded(plural: str, *records: Any, origin: Origin = ORIGIN) -> Decoded:
    """What becomes of a body of `records`."""
    return OPERATIONS[f"od.v2.{plural}"].decode(body(plural, *records), origin)


def record_of(plural: str, record: Any, at: int = 0) -> Record:
    """The one good record in a body, accepted `at` milliseconds after the others."""
    origin = replace(ORIGIN, ingestion_id=f"ing_{at:04d}", accepted_at=ORIGIN.accepted_at + at)
    found = decoded(plural, record, origin=origin)
    assert not found.malformed
    return found.records[0][1]


def stored_of(*records: Record) -> Stored:
    """What is stored once all of `records` are applied, in order."""
    stored: Stored | None = None
    for now, one in enumerate(records):
        stored = decide(stored, one, f"{one.entity}_1", 1_780_000_000_000 + now).stored or stored
    assert stored is not None
    return stored


_TEXTS = st.text(alphabet="abc/~ é", min_size=1, max_size=3)
JSON = st.recursive(
    st.none() | st.booleans() | _TEXTS | st.integers(-(2**63), 2**63 - 1) | st.floats(-1e6, 1e6),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_TEXTS, inner, max_size=2),
    max_leaves=4,
)
_FREE = st.dictionaries(st.sampled_from(["a", "b", "a/b", "~", "", "$x.y"]), JSON, max_size=3)
_EMAILS = st.fixed_dictionaries(
    {"email": st.sampled_from(["a@x.com", "A@X.com", "b/c@x.com"])},
    optional={"isPrimary": st.just(False), "extra": JSON},
)
_PHONES = st.fixed_dictionaries(
    {"phone": st.sampled_from(["+5511999990000", "11 99999-0000", "none"])}, optional={"isPrimary": st.none()}
)
_ADDRESSES = st.fixed_dictionaries(
    {}, optional={"street": st.sampled_from(["A", "B"]), "isPrimary": st.just(True), "x": JSON}
)
EXTERNAL_IDS = st.lists(
    st.fixed_dictionaries(
        {"source": st.sampled_from(["s", "s/t"]), "value": st.sampled_from(["1", "2", "~"])},
        optional={"key": st.sampled_from(["k", None]), "extra": JSON},
    ),
    max_size=3,
)


def _or_null(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return strategy | st.none()


CUSTOMERS = st.fixed_dictionaries(
    {
        "identifier": st.fixed_dictionaries(
            {"type": st.sampled_from(["custom", "external_id", "phone"]), "value": st.just("11 99999-0000")}
        )
    },
    optional={
        "name": _or_null(_TEXTS),
        "document": _or_null(st.fixed_dictionaries({}, optional={"number": _TEXTS, "value": _TEXTS})),
        "contacts": _or_null(
            st.fixed_dictionaries(
                {},
                optional={
                    "emails": _or_null(st.lists(_EMAILS, max_size=3)),
                    "phones": _or_null(st.lists(_PHONES, max_size=2)),
                    "chat": JSON,
                },
            )
        ),
        "demographics": _or_null(
            st.fixed_dictionaries(
                {}, optional={"birthDate": _or_null(st.just("1990-02-28")), "gender": _or_null(_TEXTS)}
            )
        ),
        "address": _or_null(_ADDRESSES),
        "addresses": _or_null(st.lists(_ADDRESSES, max_size=1)),
        "externalIds": _or_null(EXTERNAL_IDS),
        "metadata": _or_null(_FREE),
        "": JSON,
        "extra/field": JSON,
    },
)
"""Customers of one sender, with whatever a customer can have, nulls and unknown members too."""

LEADS = st.fixed_dictionaries(
    {"id": st.just("lead-001")},
    optional={
        "name": _or_null(_TEXTS),
        "contact": _or_null(_TEXTS | st.fixed_dictionaries({"value": _TEXTS})),
        "externalIds": _or_null(EXTERNAL_IDS),
        "source": _or_null(_TEXTS),
        "metadata": _or_null(_FREE),
        "extra": JSON,
    },
)
"""Leads of one sender."""


def bodies(plural: str) -> st.SearchStrategy[bytes]:
    """Bodies for `plural`, most of them good."""
    known = {"customers": CUSTOMERS, "leads": LEADS}.get(plural)
    if known is None:
        known = st.dictionaries(_TEXTS, JSON, max_size=3).map(lambda more: {**more, **example(plural)})
    records = st.integers(0, 9).flatmap(lambda n: JSON if n == 9 else known)
    return st.lists(records, min_size=1, max_size=4).map(lambda some: body(plural, *some))
