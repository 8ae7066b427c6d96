import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from domain.records import Entity, Write
from storage.records import NOT_STORABLE
from storage.store import Store
from tests.storage.builders import a_record, a_replacement, an_insert


async def test_a_record_comes_back_as_it_was_stored(store: Store) -> None:
    """Every column, with keys and text that MongoDB treats specially."""
    document = json.dumps({"$set": {"a.b": "\x00"}, "": None, "z": 1, "a": "ü𝄞"})
    record = a_record(
        "a",
        document=document,
        metadata={"a.b": 1, "$ne": [None, True, 1.5, 2**62], "": "nul \x00"},
        born=datetime(1900, 1, 1, 12, 30, 0, 123_000, tzinfo=UTC),
    )
    await store.records.write_many(Entity.CUSTOMER, [an_insert("b")])

    result = await store.records.write_many(Entity.CUSTOMER, [Write(record, None)])

    assert (set(), {}) == (result.lost, result.refused)
    assert {"a": record} == await store.records.get_many(Entity.CUSTOMER, ["a", "unknown", "\ud800"])


async def test_entities_are_apart(store: Store) -> None:
    """An order is not found among customers, whatever its id."""
    await store.records.write_many(Entity.ORDER, [an_insert("a", entity=Entity.ORDER)])

    assert {} == await store.records.get_many(Entity.CUSTOMER, ["a"])


async def test_an_insert_loses_where_the_record_exists(store: Store) -> None:
    """The first one stands and the neighbours are written."""
    await store.records.write_many(Entity.CUSTOMER, [an_insert("a", name="first")])

    result = await store.records.write_many(
        Entity.CUSTOMER, [an_insert("a", name="second"), an_insert("b", name="second")]
    )

    assert {"a"} == result.lost
    found = await store.records.get_many(Entity.CUSTOMER, ["a", "b"])
    assert {"a": "first", "b": "second"} == {id: one.fields["name"] for id, one in found.items()}


async def test_a_replacement_loses_where_the_revision_differs(store: Store) -> None:
    """A write that names a revision replaced meanwhile changes nothing."""
    await store.records.write_many(Entity.CUSTOMER, [an_insert("a"), an_insert("b")])
    await store.records.write_many(Entity.CUSTOMER, [a_replacement("a", 1, name="winner")])

    result = await store.records.write_many(
        Entity.CUSTOMER, [a_replacement("a", 1, name="loser"), a_replacement("b", 1, name="good")]
    )

    assert ({"a"}, {}) == (result.lost, result.refused)
    found = await store.records.get_many(Entity.CUSTOMER, ["a", "b"])
    assert {"a": ("winner", 2), "b": ("good", 2)} == {
        id: (one.fields["name"], one.revision) for id, one in found.items()
    }


@pytest.mark.parametrize("expected", [None, 1])
async def test_one_of_many_racing_writers_wins(store: Store, expected: int | None) -> None:
    """Of 16 that write the same record on the same condition, 15 lose."""
    if expected is not None:
        await store.records.write_many(Entity.CUSTOMER, [an_insert("a")])
    writes = [
        an_insert("a", name=n) if expected is None else a_replacement("a", expected, name=n)
        for n in range(16)
    ]

    results = await asyncio.gather(*(store.records.write_many(Entity.CUSTOMER, [write]) for write in writes))

    winners = [n for n, result in enumerate(results) if not result.lost]
    found = await store.records.get_many(Entity.CUSTOMER, ["a"])
    assert [found["a"].fields["name"]] == winners


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param({"n": 2**64}, id="an integer over 64 bits"),
        pytest.param({"a\x00b": 1}, id="NUL in a key"),
        pytest.param({"text": "\ud800"}, id="a lone surrogate"),
        pytest.param({"text": "x" * (16 * 1024 * 1024)}, id="over 16 MiB"),
    ],
)
async def test_one_bad_record_does_not_take_its_neighbours_with_it(store: Store, bad: dict[str, Any]) -> None:
    """Invariant 5: 499 good ones are written, the bad one is named with a reason."""
    writes = [an_insert(f"r{n}") for n in range(500)]
    writes[250] = an_insert("bad", metadata=bad)

    result = await store.records.write_many(Entity.CUSTOMER, writes)

    assert {"bad": NOT_STORABLE} == {id: fault.code for id, fault in result.refused.items()}
    assert set() == result.lost
    ids = [write.record.id for write in writes]
    assert 499 == len(await store.records.get_many(Entity.CUSTOMER, ids))


async def test_a_bulk_larger_than_one_message_is_written_whole(store: Store) -> None:
    """2,500 records, and 24 MiB of them, go in several bulks; each result finds its record."""
    await store.records.write_many(Entity.CUSTOMER, [an_insert("r2400"), an_insert("big5")])
    many = [an_insert(f"r{n}") for n in range(2_500)]
    large = [an_insert(f"big{n}", text="x" * (3 * 1024 * 1024)) for n in range(8)]

    result = await store.records.write_many(Entity.CUSTOMER, many + large)

    assert {"r2400", "big5"} == result.lost
    found = await store.records.get_many(Entity.CUSTOMER, [write.record.id for write in many + large])
    assert 2_508 == len(found)


async def test_a_cancelled_write_ends_before_its_caller_does(store: Store) -> None:
    """Nobody can read a half bulk after the cancellation was seen."""
    # Few enough to be encoded in one turn of the loop, so that the write has begun when it is cancelled.
    writes = [an_insert(f"r{n}") for n in range(60)]
    task = asyncio.create_task(store.records.write_many(Entity.CUSTOMER, writes))
    await asyncio.sleep(0.005)
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task

    ids = [write.record.id for write in writes]
    assert 60 == len(await store.records.get_many(Entity.CUSTOMER, ids))
