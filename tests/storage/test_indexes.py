from typing import Any

import pytest

from domain.reading import Order, Query
from domain.records import Entity
from storage.dead_letters import DEAD_LETTERS
from storage.documents import COLLECTIONS
from storage.driver import Database
from storage.errors import StoreSetupError
from storage.indexes import INDEXES, ensure_indexes
from storage.pages import Listing
from storage.reader import listings_of
from storage.store import Store, open_store
from tests.storage.builders import an_insert


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


async def test_a_url_that_is_none_stops_the_start() -> None:
    """Without a word of what may be a password in it."""
    with pytest.raises(StoreSetupError) as caught:
        async with open_store("mongodb://user:secret@[host", name="x"):
            pass

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("order", "references", "index"),
    [
        (Order.VERSION, None, "by_version"),
        (Order.CHANGED, None, "by_change"),
        (Order.VERSION, frozenset({"logical:1", "logical:2"}), "by_customer_version"),
    ],
)
async def test_every_list_is_answered_from_an_index(
    store: Store, database: Database, order: Order, references: frozenset[str] | None, index: str
) -> None:
    """The server's own plan says so."""
    await store.records.write_many(Entity.ORDER, [an_insert(f"o{n}", entity=Entity.ORDER) for n in range(9)])
    orders = database.collection(COLLECTIONS[Entity.ORDER])
    listings = listings_of(Query(Entity.ORDER, "acme", order, above=1, until=2, customer_refs=references))

    plans = [await orders.explain(listing.filter, sort=listing.sort, limit=5) for listing in listings]

    assert {index} == _indexes_in([plan["queryPlanner"]["winningPlan"] for plan in plans])


async def test_dead_letters_are_listed_from_an_index(store: Store, database: Database) -> None:
    """Of one tenant, and of all since a time."""
    letters = database.collection(DEAD_LETTERS)
    plans = [
        await letters.explain(listing.filter, sort=listing.sort, limit=5)
        for listing in (Listing({"tenant": "acme"}, "first_seen", 1), Listing({}, "first_seen", 1))
    ]

    assert [{"by_tenant"}, {"by_time"}] == [
        _indexes_in(plan["queryPlanner"]["winningPlan"]) for plan in plans
    ]


def _indexes_in(plan: Any) -> set[str]:
    """The names of the indexes a plan scans; `COLLSCAN` for a scan of the collection."""
    if isinstance(plan, list):
        return set().union(*map(_indexes_in, plan))
    if not isinstance(plan, dict):
        return set()
    own = {plan["stage"]} if plan.get("stage") == "COLLSCAN" else set()
    return own | {plan["indexName"]} if "indexName" in plan else own | _indexes_in(list(plan.values()))
