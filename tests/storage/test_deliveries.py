from dataclasses import replace
from typing import Any

from domain.deliveries import Delivery
from storage.deliveries import DELIVERIES
from storage.driver import Database
from storage.indexes import INDEXES
from storage.store import Store

NOW = 1_800_000_000_000


def a_delivery(number: int, lane: str = "a", **changes: Any) -> Delivery:
    """A delivery that is due at `NOW`."""
    kept: dict[str, Any] = {"made_at": NOW, "kept_at": NOW, "due_at": NOW, **changes}
    where = f"{number:03d}"
    return Delivery(f"e.{number}", "e", "acme", f"f{number}", "a.fact", lane, where, body=b"{}", **kept)


async def test_lanes_are_due_by_their_deliveries(store: Store) -> None:
    """Those that wait the longest first; not those of another endpoint, or not yet."""
    deliveries = store.deliveries
    await deliveries.put_many(
        [a_delivery(1), a_delivery(2), a_delivery(3, "b", due_at=NOW - 1), a_delivery(4, "c", due_at=NOW + 1)]
    )

    assert ["b", "a"] == await deliveries.due_lanes("e", NOW, limit=10)
    assert ["b"] == await deliveries.due_lanes("e", NOW, limit=1)
    assert [] == await deliveries.due_lanes("another", NOW, limit=10)


async def test_a_lane_is_postponed_whole_and_in_order(store: Store) -> None:
    """What is kept again stays as it is."""
    deliveries = store.deliveries
    await deliveries.put_many([a_delivery(2), a_delivery(1), a_delivery(3, "b")])

    tried = replace(a_delivery(1), attempts=1, attempted_at=(NOW,))
    await deliveries.postpone(tried, due_at=NOW + 50)
    await deliveries.put_many([a_delivery(1)])
    first = await deliveries.first("e", "a")

    assert first is not None
    assert ("f1", 1, (NOW,)) == (first.fact_id, first.attempts, first.attempted_at)
    assert NOW + 50 == first.due_at
    assert ["b"] == await deliveries.due_lanes("e", NOW + 49, limit=10)
    await deliveries.remove(["e.1"])
    second = await deliveries.first("e", "a")
    assert second is not None
    assert ("f2", 0, NOW + 50) == (second.fact_id, second.attempts, second.due_at)


async def test_every_read_is_answered_from_an_index(store: Store, database: Database) -> None:
    """The server's own plan says so."""
    collection = database.collection(DELIVERIES)
    due = {"endpoint": "e", "due_at": {"$lt": NOW}}
    reads: list[tuple[dict[str, Any], str, list[tuple[str, int]]]] = [
        (due, "by_due", [("due_at", 1), ("position", 1)]),
        ({"endpoint": "e", "lane": "a"}, "by_lane", [("position", 1), ("_id", 1)]),
        ({"endpoint": "e", "kept_at": {"$lt": NOW}}, "by_age", []),
        ({}, "by_time", [("made_at", 1)]),
    ]
    await store.deliveries.put_many([a_delivery(1)])

    plans = [await collection.explain(filter, sort=sort, limit=1) for filter, _, sort in reads]

    assert {index for _, index, _ in reads} == set(INDEXES[DELIVERIES])
    for (_, index, _), plan in zip(reads, plans, strict=True):
        assert f"'{index}'" in str(plan["queryPlanner"]["winningPlan"])
