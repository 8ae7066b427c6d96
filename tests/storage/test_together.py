"""Replacements of many records at once, as every batch of updates makes them."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from domain.records import Entity, Stored, Write
from storage.store import Store
from tests.storage.builders import a_record, a_replacement, an_insert

_HOSTILE: dict[str, Any] = {
    "text": "$$ROOT",
    "path": "$revision",
    "metadata": {"$literal": 1, "$ne": None, "a.b": ["$_id", {"$add": [1, 2]}], "": "\x00", "$$NOW": "$$NOW"},
    "numbers": [1, 2**31, 2**62, 1.0, -0.0, True, None],
    "born": datetime(1900, 1, 1, 12, 30, 0, 123_000, tzinfo=UTC),
}
"""What MongoDB's expressions would evaluate, and what a server might convert."""


async def test_many_replacements_are_stored_as_they_are(store: Store) -> None:
    """Every column of each, with text and keys that would be expressions elsewhere."""
    await _insert(store, ids := [f"r{number}" for number in range(45)])
    records = {id: a_record(id, revision=2, document=f'{{"$id": "{id}"}}', n=id, **_HOSTILE) for id in ids}

    result = await _write(store, [Write(record, 1) for record in records.values()])

    assert (set(), {}) == (result.lost, result.refused)
    found = await _get(store, ids)
    assert records == found
    assert repr(_HOSTILE["numbers"]) == repr(found["r44"].fields["numbers"])


async def test_of_many_replacements_the_ones_that_come_too_late_are_named(store: Store) -> None:
    """Beside inserts, some of which are there already."""
    ids = [f"r{number}" for number in range(45)]
    late = {"r3", "r25", "r44"}
    await _insert(store, [*ids, "there"])
    await _write(store, [a_replacement(id, 1, name="early") for id in sorted(late)])
    writes = [a_replacement(id, 1, name="now") for id in ids]
    writes[10:10] = [an_insert("new", name="now"), an_insert("there", name="now")]

    result = await _write(store, writes)

    assert ({*late, "there"}, {}) == (result.lost, result.refused)
    found = await _get(store, [*ids, "new"])
    expected = {id: ("early" if id in late else "now", 2) for id in ids} | {"new": ("now", 1)}
    assert expected == {id: (one.fields["name"], one.revision) for id, one in found.items()}


async def test_a_replacement_of_a_record_that_is_gone_stores_it_again(store: Store) -> None:
    """As one alone does."""
    await _insert(store, ["a", "b"])

    result = await _write(store, [a_replacement(id, 1) for id in ("a", "b", "gone")])

    assert set() == result.lost
    assert {"a", "b", "gone"} == set(await _get(store, ["a", "b", "gone"]))


async def test_of_racing_writers_one_wins_each_record(store: Store) -> None:
    """Eight that replace the same 30 records, each in an order of its own."""
    await _insert(store, ids := [f"r{number}" for number in range(30)])
    orders = [[*ids[start:], *ids[:start]] for start in range(0, 24, 3)]

    results = await asyncio.gather(
        *(
            _write(store, [a_replacement(id, 1, name=writer) for id in order])
            for writer, order in enumerate(orders)
        )
    )

    found = await _get(store, ids)
    for id in ids:
        winners = [writer for writer, result in enumerate(results) if id not in result.lost]
        assert [found[id].fields["name"]] == winners
        assert 2 == found[id].revision


async def test_large_and_deep_records_are_replaced_beside_small_ones(store: Store) -> None:
    """Of nearly 16 MiB, which is alone all that a statement may hold, and as deep as may be stored."""
    deep: Any = "bottom"
    for _ in range(80):
        deep = {"in": deep}
    await _insert(store, ids := [f"r{number}" for number in range(25)])
    writes = [a_replacement(id, 1, n=id) for id in ids]
    writes[3] = a_replacement("r3", 1, text="x" * (15 * 1024 * 1024))
    writes[4] = a_replacement("r4", 1, metadata=deep)
    writes[5:9] = [a_replacement(f"r{number}", 1, text="x" * (400 * 1024)) for number in range(5, 9)]

    result = await _write(store, writes)

    assert (set(), {}) == (result.lost, result.refused)
    assert {write.record.id: write.record for write in writes} == await _get(store, ids)


async def _insert(store: Store, ids: Sequence[str]) -> None:
    await _write(store, [an_insert(id) for id in ids])


async def _write(store: Store, writes: Sequence[Write]) -> Any:
    return await store.records.write_many(Entity.CUSTOMER, writes)


async def _get(store: Store, ids: Sequence[str]) -> dict[str, Stored]:
    return await store.records.get_many(Entity.CUSTOMER, ids)
