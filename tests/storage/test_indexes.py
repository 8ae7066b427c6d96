from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from domain.dead_letters.entities import Selection
from domain.reading import FILTERS, Order, Query
from domain.records import Entity
from storage.dead_letters import DEAD_LETTERS
from storage.documents import COLLECTIONS
from storage.driver import Database
from storage.errors import StoreSetupError
from storage.identities import IDENTITIES
from storage.indexes import INDEXES, ensure_indexes
from storage.kept_letters import listings_of as listings_of_letters
from storage.reader import listings_of
from storage.store import Store, open_store
from tests.storage.builders import a_dead_letter, an_insert


async def test_every_declared_index_exists_after_start(store: Store, database: Database) -> None:
    """And a second start finds them in order."""
    await store.prepare()

    for collection, declared in INDEXES.items():
        existing = await database.collection(collection).indexes()
        assert set(declared) | {"_id_"} == set(existing)


@pytest.mark.parametrize("name", ["by_version", "mine"])
async def test_an_index_that_differs_stops_the_start(database: Database, name: str) -> None:
    """The error names the collection and what to do."""
    keys = [("version_at", 1)] if name == "by_version" else INDEXES["customers"]["by_version"]
    await database.collection("customers").create_indexes({name: keys})

    with pytest.raises(StoreSetupError, match=r"customers.*drop it"):
        await ensure_indexes(database)


async def test_an_index_that_is_not_declared_any_more_stays(database: Database) -> None:
    """What an earlier version made is the operator's to drop."""
    identities = database.collection(IDENTITIES)
    await identities.create_indexes({"by_customer": [("tenant", 1), ("customer_id", 1)]})

    await ensure_indexes(database)

    assert {"_id_", "by_customer", "by_owner"} == set(await identities.indexes())


async def test_a_url_that_is_none_stops_the_start() -> None:
    """Without a word of what may be a password in it."""
    with pytest.raises(StoreSetupError) as caught:
        async with open_store("mongodb://user:secret@[host", name="x"):
            pass

    assert "secret" not in str(caught.value)


REFERENCES = frozenset({"logical:1", "logical:2"})


def lists() -> Iterator[tuple[Query, str]]:
    """Every list that a surface has, with the index that must answer it."""
    for entity in Entity:
        dated = entity in (Entity.ORDER, Entity.REVIEW, Entity.EVENT)
        orders = [Order.VERSION, Order.OCCURRED] if dated else [Order.VERSION]
        for order in (*orders, Order.CHANGED):
            yield Query(entity, "acme", order), f"by_{order}"
        for order in orders if entity is not Entity.CUSTOMER else ():
            query = Query(entity, "acme", order, customer_refs=REFERENCES)
            yield query, f"by_customer_ref_{order}"
        for column in sorted(FILTERS[entity]):  # in one order for all of a run's workers
            for order in [Order.OCCURRED] if entity is Entity.EVENT else orders:
                yield Query(entity, "acme", order, equal=((column, "x"),)), f"by_{column}_{order}"


@pytest.mark.parametrize("entity", Entity)
async def test_every_list_is_answered_from_its_index(
    store: Store, database: Database, entity: Entity
) -> None:
    """The server's own plan says so, from either end of the index."""
    columns = {column: ["x"] if column == "external_keys" else "x" for column in FILTERS[entity]}
    columns |= {"customer_ref": "logical:1"}
    writes = [an_insert(f"r{n}", entity=entity, **columns) for n in range(3)]
    await store.records.write_many(entity, writes)
    collection = database.collection(COLLECTIONS[entity])
    asked = [
        (asked, index)
        for query, index in lists()
        if query.entity is entity
        for asked in (replace(query, above=1), replace(query, until=2, descending=True))
    ]

    expected, actual = [], []
    for query, index in asked:
        for listing in listings_of(query):
            plan = await collection.explain(listing.filter, sort=listing.sort, limit=5)
            expected.append((query, {index}))
            actual.append((query, _indexes_in(plan["queryPlanner"]["winningPlan"])))
    assert expected == actual


@pytest.mark.parametrize(("query", "index"), list(lists()))
def test_no_list_is_sorted_in_memory(query: Query, index: str) -> None:
    """Its index begins with what the list fixes and goes on in its order: any server can walk along it."""
    keys = [name for name, _ in INDEXES[COLLECTIONS[query.entity]][index]]

    for listing in listings_of(query):
        assert [set(listing.within), [name for name, _ in listing.sort]] == [set(keys[:-2]), keys[-2:]]


def test_no_index_is_there_for_nothing() -> None:
    """Each costs every write; the lists of records name them all, and their outbox one."""
    named = {(COLLECTIONS[query.entity], index) for query, index in lists()}
    named |= {(collection, "by_outbox") for collection in COLLECTIONS.values()}
    declared = {(collection, index) for collection in COLLECTIONS.values() for index in INDEXES[collection]}
    assert named == declared


@pytest.mark.parametrize(
    ("selection", "index"),
    [
        (Selection(), "by_state"),
        (Selection(tenant="acme"), "by_tenant_state"),
        (Selection(operation="odp.v1.leads"), "by_operation_state"),
        (Selection(code="REQUIRED"), "by_code_state"),
        (Selection(ingestion_id="ing_1"), "by_ingestion_id_state"),
        (Selection(tenant="acme", fingerprint="f"), "by_fingerprint_state"),
    ],
)
async def test_dead_letters_are_listed_from_an_index(
    store: Store, database: Database, selection: Selection, index: str
) -> None:
    """Each way to select them, in order of time, and counted from there, too."""
    letters = database.collection(DEAD_LETTERS)
    await store.dead_letters.put_many([a_dead_letter("dl_1")])
    [listing] = listings_of_letters(replace(selection, since=1), [selection.tenant])

    plan = await letters.explain(listing.filter, sort=listing.sort, limit=5)

    assert {index} == _indexes_in(plan["queryPlanner"]["winningPlan"])
    keys = [name for name, _ in INDEXES[DEAD_LETTERS][index]]
    assert [set(listing.within), [name for name, _ in listing.sort]] == [set(keys[:-2]), keys[-2:]]


def _indexes_in(plan: Any) -> set[str]:
    """The names of the indexes a plan scans; `COLLSCAN` for a scan of the collection."""
    if isinstance(plan, list):
        return set().union(*map(_indexes_in, plan))
    if not isinstance(plan, dict):
        return set()
    own = {plan["stage"]} if plan.get("stage") == "COLLSCAN" else set()
    return own | {plan["indexName"]} if "indexName" in plan else own | _indexes_in(list(plan.values()))
