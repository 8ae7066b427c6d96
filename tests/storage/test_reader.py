from dataclasses import replace

import pytest

from domain.reading import Cursor, Order, Query
from domain.records import Entity, Stored, Write
from storage.store import Store
from tests.storage.builders import a_record


def at(id: str, order: Order, time: int) -> Stored:
    """A customer with that time in `order`."""
    return a_record(id, changed=time) if order is Order.CHANGED else a_record(id, at=time)


async def put(store: Store, *records: Stored) -> None:
    """Store new records of one entity."""
    await store.records.write_many(records[0].entity, [Write(record, None) for record in records])


def time_of(record: Stored, order: Order) -> int:
    """The record's time in `order`."""
    return record.updated_at if order is Order.CHANGED else record.sources["odp_v1"].version.at


async def walk(store: Store, query: Query, limit: int) -> list[str]:
    """The ids on all pages of `query`, page after page."""
    ids: list[str] = []
    after = None
    while page := await store.reader.page(query, after=after, limit=limit):
        ids += [record.id for record in page]
        after = Cursor(time_of(page[-1], query.order), page[-1].id)
    return ids


async def test_records_are_read_by_their_tenant_alone(store: Store) -> None:
    """Another tenant's id answers as an unknown id, in every read."""
    mine, theirs = a_record("a"), a_record("b", tenant="other")
    await put(store, mine, theirs)

    assert {"a": mine} == await store.reader.get_many(Entity.CUSTOMER, "acme", ["a", "b", "c"])
    query = Query(Entity.CUSTOMER, "acme")
    assert [mine] == await store.reader.page(query, after=None, limit=10)
    assert 1 == await store.reader.count(query, 10)
    assert [] == await store.reader.page(query, after=Cursor(0, "b"), limit=0 + 10, skip=1)


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("limit", [1, 3, 100])
async def test_pages_give_every_record_once_in_order(store: Store, order: Order, limit: int) -> None:
    """Ties on time are ordered by id and split between pages anywhere."""
    records = [at(f"r{(n * 7) % 10}", order, 1_000 + n // 4) for n in range(10)]
    await put(store, *records)

    ids = await walk(store, Query(Entity.CUSTOMER, "acme", order), limit)

    assert [record.id for record in sorted(records, key=lambda one: (time_of(one, order), one.id))] == ids


@pytest.mark.parametrize("order", Order)
async def test_a_query_is_bounded_in_time(store: Store, order: Order) -> None:
    """`above` is exclusive and `until` inclusive, with and without a cursor."""
    await put(store, *(at(f"r{n}", order, n) for n in range(1, 9)))
    query = Query(Entity.CUSTOMER, "acme", order, above=2, until=6)

    assert ["r3", "r4", "r5", "r6"] == await walk(store, query, 2)
    assert 4 == await store.reader.count(query, 100)
    outside = [Cursor(1, "r1"), Cursor(2, "r0"), Cursor(6, "r6"), Cursor(9, "")]
    pages = [await store.reader.page(query, after=cursor, limit=9) for cursor in outside]
    assert [4, 4, 0, 0] == [len(page) for page in pages]


async def test_skipped_records_are_counted_after_the_cursor(store: Store) -> None:
    """Also where the skip ends among ties, at their end, or beyond."""
    await put(store, *(a_record(f"r{n}", at=5 if n < 4 else 6) for n in range(8)))
    query = Query(Entity.CUSTOMER, "acme")

    for after, names in ((None, range(8)), (Cursor(5, "r0"), range(1, 8))):
        for skip in range(9):
            page = await store.reader.page(query, after=after, limit=3, skip=skip)
            assert [f"r{n}" for n in names][skip : skip + 3] == [record.id for record in page]


async def test_counting_stops_at_its_limit(store: Store) -> None:
    """A count is bounded work."""
    await put(store, *(a_record(f"r{n}") for n in range(5)))
    query = Query(Entity.CUSTOMER, "acme")

    assert [1, 5, 5] == [await store.reader.count(query, limit) for limit in (1, 5, 9)]


async def test_records_of_a_customer_are_listed_by_any_of_its_keys(store: Store) -> None:
    """In the order asked for; no keys list nothing."""
    references = ["logical:1", "email:x", "logical:2", "logical:1"]
    await put(
        store,
        *(
            a_record(f"o{n}", entity=Entity.ORDER, at=9 - n, customer_ref=reference)
            for n, reference in enumerate(references)
        ),
    )
    query = Query(Entity.ORDER, "acme", customer_refs=frozenset({"logical:1", "email:x", "\ud800"}))

    assert ["o3", "o1", "o0"] == await walk(store, query, 2)
    assert 3 == len(await walk(store, replace(query, order=Order.CHANGED), 2))
    assert [] == await walk(store, replace(query, tenant="other"), 2)
    nobody = replace(query, customer_refs=frozenset())
    assert ([], 0) == (await walk(store, nobody, 2), await store.reader.count(nobody, 9))
