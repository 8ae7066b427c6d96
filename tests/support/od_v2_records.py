"""Hypothesis strategies for many Open Delivery v2 records that have nothing to do with one another.

Where null says something there is none, and no element comes twice: each record comes back as it is.
"""

from typing import Any

from hypothesis import strategies as st

from tests.support.od_v2_bodies import example

Json = dict[str, Any]
_Strategy = st.SearchStrategy[Any]

_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
_KEYS = st.sampled_from(["a", "a/b", "~", "", "$set", "x.y", "_id", "__proto__", "é"])
_VALUES: _Strategy = st.recursive(
    st.none() | st.booleans() | _TEXTS | st.integers(-(2**63), 2**63 - 1) | st.floats(-1e12, 1e12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=5,
)
_SAID = _VALUES.filter(lambda value: value is not None)
_MORE: _Strategy = st.dictionaries(_KEYS, _SAID, max_size=2)
_MOMENTS = st.sampled_from(["2026-05-01T00:00:00Z", "2026-05-02T10:30:00.125Z", "1999-12-31T23:59:59Z"])
_TIMES = {"createdAt": _MOMENTS, "updatedAt": _MOMENTS}


def _some(members: dict[str, _Strategy]) -> _Strategy:
    """Objects that have some of `members`, and others that nobody knows."""
    known = st.fixed_dictionaries({}, optional=members)
    return st.tuples(known, _MORE).map(lambda parts: {**parts[1], **parts[0]})


@st.composite
def customers(draw: st.DrawFn, number: int) -> Json:
    """A customer whose keys all have its number in them."""
    customer: Json = draw(
        _some(
            {
                "name": _TEXTS,
                "document": _some({"type": _TEXTS, "number": st.just(f"{number:011}"), "country": _TEXTS}),
                "contacts": _some({"chat": _SAID}),
                "demographics": _some({"birthDate": st.just("1990-02-28"), "gender": _TEXTS}),
                "metadata": _MORE,
                "merchantId": _TEXTS,
                **_TIMES,
            }
        )
    )
    kind = draw(st.sampled_from(["custom", "external_id", "email"]))
    customer["identifier"] = {"type": kind, "value": f"c-{number}@example.com", **draw(_MORE)}
    if draw(st.booleans()):
        contacts = customer.setdefault("contacts", {})
        contacts["emails"] = [
            {**one, "email": f"{n}-{number}@x.com", "isPrimary": n == 0}
            for n, one in enumerate(draw(st.lists(_some({"verified": st.booleans()}), max_size=3)))
        ]
        contacts["phones"] = [
            {**one, "phone": f"+55 11 9{n}{number:03}-0000"}
            for n, one in enumerate(draw(st.lists(_some({"type": _TEXTS}), max_size=3)))
        ]
        customer["addresses"] = [
            {**one, "street": f"Street {n}", "isPrimary": n == 0}
            for n, one in enumerate(draw(st.lists(_some({"city": _TEXTS, "district": _TEXTS}), max_size=2)))
        ]
        customer["externalIds"] = _external_ids(draw, number)
    return customer


@st.composite
def leads(draw: st.DrawFn, number: int) -> Json:
    """A lead."""
    lead: Json = draw(
        _some({"name": _TEXTS, "contact": _TEXTS, "source": _TEXTS, "metadata": _MORE, **_TIMES})
    )
    return {**lead, "id": f"lead-{number}", "externalIds": _external_ids(draw, number)}


def _external_ids(draw: st.DrawFn, number: int) -> list[Json]:
    some = draw(st.lists(_some({"sourceName": _TEXTS, "key": _TEXTS}), max_size=3))
    return [{**one, "source": draw(_TEXTS) + "s", "value": f"{n}/{number}"} for n, one in enumerate(some)]


@st.composite
def orders(draw: st.DrawFn, number: int) -> Json:
    """An order, nulls and all."""
    more = st.dictionaries(_KEYS, _VALUES, max_size=3)
    lines = st.lists(
        _some({"name": _TEXTS, "quantity": st.integers(0, 9), "options": st.just([])}), max_size=3
    )
    known = _some({"status": _TEXTS | st.none(), "customer": _some({"id": _TEXTS}), "items": lines, **_TIMES})
    return {**draw(more), **draw(known), "id": f"order-{number}"}


@st.composite
def reviews(draw: st.DrawFn, number: int) -> Json:
    """A review, nulls and all."""
    value = draw(st.sampled_from([0, 1, 2.5, 5]))
    rating = {**draw(_MORE), "ratingStyle": "STAR", "value": value, "comment": draw(_TEXTS | st.none())}
    known = draw(_some({"subject": st.none(), "customer": _some({"customerId": _TEXTS})}))
    return {**example("reviews"), **known, "reviewId": f"review-{number}", "overallRating": rating}


@st.composite
def events(draw: st.DrawFn, number: int) -> Json:
    """An event, nulls and all."""
    known = draw(
        _some({"customerId": _TEXTS | st.none(), "data": st.dictionaries(_KEYS, _VALUES, max_size=4)})
    )
    named = draw(st.sampled_from(["id", "eventId"]))
    moment = f"2026-06-01T12:{number // 60:02}:{number % 60:02}-03:00"
    return {**known, "eventType": draw(_TEXTS) + "x", "occurredAt": moment, named: f"event-{number}"}


STRATEGIES = {
    "customers": customers,
    "leads": leads,
    "orders": orders,
    "reviews": reviews,
    "events": events,
}


@st.composite
def many(draw: st.DrawFn, plural: str, count: int) -> list[Json]:
    """`count` records of `plural`."""
    return [draw(STRATEGIES[plural](number)) for number in range(count)]
