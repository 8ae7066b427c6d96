"""The indexes that the repositories' queries run on: declared here, made and checked at start."""

import asyncio
from collections.abc import Mapping

from domain.records import Entity
from storage.dead_letters import DEAD_LETTERS
from storage.documents import COLLECTIONS
from storage.driver import Collection, Database, Keys
from storage.errors import StoreSetupError
from storage.identities import IDENTITIES

_LISTS: Mapping[str, Keys] = {
    "by_version": [("tenant", 1), ("version_at", 1), ("_id", 1)],
    "by_change": [("tenant", 1), ("updated_at", 1), ("_id", 1)],
}
_OF_CUSTOMER: Mapping[str, Keys] = {
    "by_customer_version": [("tenant", 1), ("fields.customer_ref", 1), ("version_at", 1), ("_id", 1)],
}
"""No surface lists one customer's records by change, and every write would keep up an index for it."""

INDEXES: Mapping[str, Mapping[str, Keys]] = {
    COLLECTIONS[Entity.CUSTOMER]: _LISTS,
    **{COLLECTIONS[entity]: {**_LISTS, **_OF_CUSTOMER} for entity in Entity if entity is not Entity.CUSTOMER},
    IDENTITIES: {"by_customer": [("tenant", 1), ("customer_id", 1)]},
    DEAD_LETTERS: {
        "by_tenant": [("tenant", 1), ("first_seen", 1), ("_id", 1)],
        "by_time": [("first_seen", 1), ("_id", 1)],
    },
}
"""Collection → index name → keys. `_id`, which every collection is indexed by, is not named."""

_CHANGES_MEANING = (
    "unique",
    "sparse",
    "partialFilterExpression",
    "expireAfterSeconds",
    "collation",
    "hidden",
)


async def ensure_indexes(database: Database) -> None:
    """Make the declared indexes that are missing, and check that all are as declared.

    Raises StoreSetupError, naming the index, where one that exists differs.
    """
    await asyncio.gather(*(_ensure(database.collection(name), indexes) for name, indexes in INDEXES.items()))


async def _ensure(collection: Collection, declared: Mapping[str, Keys]) -> None:
    await collection.create_indexes(declared)
    existing = await collection.indexes()
    for name, keys in declared.items():
        found = existing.get(name, {})
        extras = [option for option in _CHANGES_MEANING if found.get(option)]
        if [tuple(key) for key in found.get("key", ())] != list(keys) or extras:
            raise StoreSetupError(
                f"the index {name} of the collection {collection.name} is not as Portico declares it: "
                f"expected keys {list(keys)}, found {found}; drop it, Portico makes it anew at its next start"
            )
