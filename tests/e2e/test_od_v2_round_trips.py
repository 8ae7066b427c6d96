"""What is posted to Open Delivery v2 comes back from it, and going through it changes nothing on ODP v1."""

import asyncio
import uuid
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.support.od_v2_bodies import SINGLE, body
from tests.support.od_v2_records import STRATEGIES, many
from tests.support.od_v2_wire import PATHS, SUCCESS, post
from tests.support.odp_v1_bodies import example as odp_v1_example
from tests.support.odp_v1_bodies import several
from tests.support.portico import Client
from tests.support.tokens import minted
from tests.support.wire import ask, ingest

Json = dict[str, Any]
_IN_BATCHES = settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    # A batch is no better for being small, and making it so takes many requests.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
_NAME = {
    "customers": lambda one: one["identifier"]["value"],
    "leads": lambda one: one["id"],
    "orders": lambda one: one["id"],
    "reviews": lambda one: one["reviewId"],
    "events": lambda one: one.get("id") or one["eventId"],
}


def _somebody_new(client: Client) -> Client:
    return replace(client, token=minted(f"tenant-{uuid.uuid4().hex[:12]}"))


async def _send(client: Client, plural: str, records: list[Json]) -> None:
    """Post all of `records`, and see each of them created or updated."""
    sent = [body(plural, one) for one in records] if plural in SINGLE else [body(plural, *records)]
    replies = await asyncio.gather(*(post(client, plural, one, Prefer="wait=30") for one in sent))
    for reply in replies:
        assert (SUCCESS[plural], b"") == (reply.status, reply.body), reply
        assert (await ask(client, "GET", reply.headers["Location"])).json["counts"]["dead"] == 0


async def _listed(client: Client, path: str) -> list[Json]:
    reply = await ask(client, "GET", path)
    assert (200, None) == (reply.status, reply.headers.get("Link"))
    found: list[Json] = reply.json
    return found


@pytest.mark.parametrize("plural", STRATEGIES)
@_IN_BATCHES
@given(data=st.data())
async def test_nothing_of_what_is_posted_is_lost(client: Client, plural: str, data: st.DataObject) -> None:
    """Members that nobody knows, odd keys, nulls inside: all of it comes back; and then once more."""
    client = _somebody_new(client)
    records = data.draw(many(plural, 12 if plural in SINGLE else 40))
    await _send(client, plural, records)
    shown = await _listed(client, PATHS[plural])
    by_name = {_NAME[plural](one): one for one in shown}
    assert len(records) == len(shown)
    for one in records:
        found = by_name[_NAME[plural](one)]
        added = found.keys() - one.keys()
        assert one == {name: value for name, value in found.items() if name not in added}
        assert added <= {"id", "createdAt", "updatedAt"}
        if added == {"id", "createdAt", "updatedAt"}:
            assert found["createdAt"] <= found["updatedAt"]

    await _send(client, plural, shown)
    assert shown == await _listed(client, PATHS[plural])


_CONTACTS = st.fixed_dictionaries(
    {},
    optional={
        "email": st.just("{n}@x.com") | st.just(["{n}@x.com", "B{n}@X.com"]) | st.just([]),
        "phone": st.just("+55-11-9{n:04}-0000") | st.just(["(11) 9{n:04}-0000", "call {n}"]),
        "chat": st.just({"handle": None, "$x": ["@{n}"]}),
    },
)
_CUSTOMERS = st.fixed_dictionaries(
    {
        "externalIds": st.lists(
            st.sampled_from(["app:{n}", "bare{n}", "a:b:{n}", ":{n}"]), max_size=3, unique=True
        ),
        "contacts": _CONTACTS,
        "consent": st.sampled_from(
            [{}, {"marketing": True}, {"marketing": False, "legalBasis": "x", "y": 1}]
        ),
        "name": st.sampled_from(["", "Ana", "Ana {n}"]),
    },
    optional={
        "document": st.sampled_from(["123.{n:04}", ""]),
        "birthDate": st.just("1990-02-28"),
        "gender": st.sampled_from(["f", ""]),
        "segment": st.sampled_from([None, {"$a.b": [1.5, None]}]),
    },
)


def _numbered(value: Any, number: int) -> Any:
    match value:
        case str():
            return value.format(n=number)
        case list():
            return [_numbered(one, number) for one in value]
        case dict():
            return {name: _numbered(one, number) for name, one in value.items()}
        case _:
            return value


@_IN_BATCHES
@given(some=st.lists(_CUSTOMERS, min_size=40, max_size=40))
async def test_from_odp_v1_through_open_delivery_and_back_nothing_changes(
    client: Client, some: list[Json]
) -> None:
    """What B shows of A's customers, posted to B, leaves what A shows as it was."""
    client = _somebody_new(client)
    customers = [odp_v1_example("customers", id=f"c-{n}", **_numbered(one, n)) for n, one in enumerate(some)]
    accepted = await ingest(client, "customers", several("customers", *customers), Prefer="wait=30")
    assert 40 == accepted.json["receipt"]["counts"]["created"]
    before = (await ask(client, "GET", "/v1/customer/customers")).json["customers"]

    on_b = await _listed(client, PATHS["customers"])
    await _send(client, "customers", on_b)

    after = (await ask(client, "GET", "/v1/customer/customers")).json["customers"]
    assert [] == _changed(before, after)
    assert [] == _changed(on_b, await _listed(client, PATHS["customers"]))


def _changed(before: list[Json], after: list[Json]) -> list[tuple[Json, Json]]:
    """Each customer that is not as it was, and what it is now."""
    by_id = {one["id"]: one for one in after}
    assert by_id.keys() == {one["id"] for one in before}
    return [(one, by_id[one["id"]]) for one in before if one != by_id[one["id"]]]
