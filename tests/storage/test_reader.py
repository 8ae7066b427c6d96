from dataclasses import replace

import pytest

from domain.clock import from_millis
from domain.reading import Cursor, Order, Query
from domain.records import Entity, Stored, Write
from storage.store import Store
from tests.storage.builders import a_record


def at(id: str, order: Order, time: int) -> Stored:
    """A customer with that time in `order`."""
    match order:
        case Order.CHANGED:
            return a_record(id, changed=time)
        case Order.OCCURRED:
            return a_record(id, source_created_at=from_millis(time))
        case Order.VERSION:
            return a_record(id, at=time)


async def put(store: Store, *records: Stored) -> None:
    """Store new records of one entity."""
    await store.records.write_many(records[0].entity, [Write(record, None) for record in records])


async def walk(store: Store, query: Query, limit: int) -> list[str]:
    """The ids on all pages of `query`, page after page."""
    ids: list[str] = []
    after = None
    while page := await store.reader.page(query, after=after, limit=limit):
        ids += [record.id for record in page]
        after = Cursor.behind(page[-1], query.order)
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

    backwards = await walk(store, Query(Entity.CUSTOMER, "acme", order, descending=True), limit)

    in_order = [record.id for record in sorted(records, key=lambda one: Cursor.behind(one, order))]
    assert in_order == ids
    assert in_order[::-1] == backwards


@pytest.mark.parametrize("order", Order)
async def test_a_query_is_bounded_in_time(store: Store, order: Order) -> None:
    """`above` is exclusive and `until` inclusive, with and without a cursor."""
    await put(store, *(at(f"r{n}", order, n) for n in range(1, 9)))
    query = Query(Entity.CUSTOMER, "acme", order, above=2, until=6)

    assert ["r3", "r4", "r5", "r6"] == await walk(store, query, 2)
    assert ["r6", "r5", "r4", "r3"] == await walk(store, replace(query, descending=True), 2)
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


async def test_what_has_no_date_occurred_when_it_was_first_stored(store: Store) -> None:
    """Among those that have one."""
    dated = [a_record(f"r{n}", source_created_at=from_millis(1_700_000_000_499 + 2 * n)) for n in range(2)]
    await put(store, *dated, a_record("r2"))

    assert ["r0", "r2", "r1"] == await walk(store, Query(Entity.CUSTOMER, "acme", Order.OCCURRED), 1)


async def test_records_are_filtered_by_their_columns(store: Store) -> None:
    """By one, by several, and with a customer's references; a column of texts has each of them."""
    await put(
        store,
        *(
            a_record(
                f"o{n}",
                entity=Entity.ORDER,
                at=n,
                merchant_id=f"m{n % 2}",
                sales_channel=f"c{n // 4}",
                customer_ref="logical:1" if n == 6 else "logical:2",
            )
            for n in range(8)
        ),
    )
    await put(store, a_record("l1", entity=Entity.LEAD, external_keys=["app:1", "1"]))
    by_merchant = Query(Entity.ORDER, "acme", equal=(("merchant_id", "m0"),))
    by_both = replace(by_merchant, equal=(("merchant_id", "m0"), ("sales_channel", "c1")))

    assert ["o0", "o2", "o4", "o6"] == await walk(store, by_merchant, 3)
    assert ["o6", "o4"] == await walk(store, replace(by_both, descending=True), 1)
    assert ["o6"] == await walk(store, replace(by_both, customer_refs=frozenset({"logical:1"})), 9)
    assert (4, 0) == (
        await store.reader.count(by_merchant, 9),
        await store.reader.count(replace(by_merchant, tenant="other"), 9),
    )
    for key in ("app:1", "1"):
        lead = Query(Entity.LEAD, "acme", equal=(("external_keys", key),))
        assert ["l1"] == await walk(store, lead, 9)
    assert [] == await walk(store, replace(by_merchant, equal=(("merchant_id", "\ud800"),)), 9)


@pytest.mark.parametrize("equal", [(("name", "x"),), (("merchant_id", "a"), ("merchant_id", "b"))])
async def test_a_column_that_is_no_filter_is_refused(
    store: Store, equal: tuple[tuple[str, str], ...]
) -> None:
    """Rather than answered by reading everything; and each column has one value."""
    with pytest.raises(ValueError, match="not filters"):
        await store.reader.page(Query(Entity.ORDER, "acme", equal=equal), after=None, limit=1)
