"""Records that are kept as they are sent, too."""

import itertools
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest

from domain.reading import Changed, Cursor, Order, Query, Rendering
from domain.records import Entity, Stored
from storage.driver import Database, Driver
from storage.pages import Listing, Pager
from storage.store import Store, open_store
from tests.storage.builders import a_record, a_replacement, an_insert

ONE = Rendering(b"one", lambda record: f"{record.id} {record.revision}".encode())
TWO = Rendering(b"two", lambda record: b"x" * int(record.fields["length"]))
ALL = Query(Entity.CUSTOMER, "acme", Order.CHANGED)


@pytest.fixture
async def rendering(mongodb_url: str, database_name: str, driver: Driver) -> AsyncIterator[Store]:
    """A store that keeps records as `ONE` sends them, in the database of `store`."""
    async with open_store(mongodb_url, name=database_name, driver=driver, rendering=ONE) as opened:
        yield opened


async def changes(store: Store, most: int = 2, revision: bytes = b"one") -> list[list[Changed]]:
    """All changes."""
    async with aclosing(store.reader.changes(ALL, after=None, most=most, revision=revision)) as lists:
        return [one async for one in lists]


async def test_what_was_kept_by_another_rendering_or_none_is_the_record_itself(
    store: Store, rendering: Store
) -> None:
    """In every read; a record of another tenant is in none."""
    await store.records.write_many(Entity.CUSTOMER, [an_insert("bare", changed=1)])
    await rendering.records.write_many(
        Entity.CUSTOMER, [an_insert("kept", changed=2), an_insert("theirs", tenant="other", changed=3)]
    )
    bare, kept = a_record("bare", changed=1), a_record("kept", changed=2)
    ids = ["bare", "kept", "theirs", "nobody"]

    def whole(id: str, revision: bytes) -> Any:
        return store.reader.whole(Entity.CUSTOMER, "acme", [id], revision)

    assert {"bare": bare, "kept": b"kept 1"} == await store.reader.whole(Entity.CUSTOMER, "acme", ids, b"one")
    assert {"bare": bare, "kept": kept} == await store.reader.whole(Entity.CUSTOMER, "acme", ids, b"two")
    assert [{"bare": bare}, {"kept": b"kept 1"}, {}] == [await whole(id, b"one") for id in ids[:3]]
    assert [[(Cursor(1, "bare"), bare), (Cursor(2, "kept"), b"kept 1")]] == await changes(store)
    assert {"kept": kept} == await store.reader.get_many(Entity.CUSTOMER, "acme", ["kept"])


async def test_every_write_of_a_record_renders_it_anew_or_not_at_all(store: Store, rendering: Store) -> None:
    """A writer without a rendering leaves nothing of an older one."""
    replaced = [a_replacement("a", 1), a_replacement("a", 2), a_replacement("a", 3)]
    await rendering.records.write_many(Entity.CUSTOMER, [an_insert("a")])
    seen = [await store.reader.whole(Entity.CUSTOMER, "acme", ["a"], b"one")]
    for writer, write in zip((rendering, store, rendering), replaced, strict=True):
        await writer.records.write_many(Entity.CUSTOMER, [write])
        seen.append(await store.reader.whole(Entity.CUSTOMER, "acme", ["a"], b"one"))
    assert [b"a 1", b"a 2", replaced[1].record, b"a 4"] == [one["a"] for one in seen]


async def test_a_record_that_cannot_be_rendered_or_is_large_is_kept_without(
    mongodb_url: str, database_name: str
) -> None:
    """Nothing is lost by it, and no limit of what can be stored is lower for it."""
    async with open_store(mongodb_url, name=database_name, rendering=TWO) as store:
        small, large, odd = (
            a_record(str(length), length=length) for length in (65_536, 65_537, "not a number")
        )
        written: list[Stored] = [small, large, odd]
        for record in written:
            result = await store.records.write_many(record.entity, [an_insert(record.id, **record.fields)])
            assert ({}, set()) == (result.refused, result.lost)
        found = await store.reader.whole(Entity.CUSTOMER, "acme", [one.id for one in written], b"two")
    assert {small.id: b"x" * 65_536, large.id: large, odd.id: odd} == found


async def test_changes_come_in_lists_of_the_length_asked_for(rendering: Store) -> None:
    """From the beginning, and from every place on, whatever milliseconds they share."""
    records = [an_insert(f"r{number}", changed=number // 3 * 100) for number in range(8)]
    await rendering.records.write_many(Entity.CUSTOMER, records)
    lists = await changes(rendering, most=3)
    assert [3, 3, 2] == [len(one) for one in lists]
    everything = list(itertools.chain(*lists))
    assert [f"r{number} 1".encode() for number in range(8)] == [one.whole for one in everything]
    for number, one in enumerate(everything):
        async with aclosing(
            rendering.reader.changes(ALL, after=one.place, most=9, revision=b"one")
        ) as following:
            assert everything[number + 1 :] == [one async for part in following for one in part]


async def test_a_walk_goes_on_beyond_a_cursor(database: Database) -> None:
    """10,000 documents are read by one cursor; with one more, or none, it ends."""
    collection = database.collection("things")
    await collection.insert_missing([{"_id": f"d{n:05d}", "kind": "a", "at": n // 7} for n in range(10_001)])
    pager = Pager(collection)
    for above, count in ((None, 10_001), (0, 9_994)):
        listing = Listing({"kind": "a"}, "at", above)
        async with aclosing(pager.follow(listing, after=None, most=600, projection=["at"])) as lists:
            found = [one["_id"] async for part in lists for one in part]
        assert [f"d{n:05d}" for n in range(10_001 - count, 10_001)] == found
