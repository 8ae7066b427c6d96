"""The indexes that the repositories' queries run on: declared here, made and checked at start."""

import asyncio
from collections.abc import Mapping, Sequence

from domain.reading import FILTERS, Order
from domain.records import Entity
from storage.clients import CLIENTS
from storage.dead_letters import DEAD_LETTERS, GROUPS, PARTS
from storage.dedupe import DEDUPE_CANDIDATES
from storage.deliveries import DELIVERIES
from storage.documents import COLLECTIONS
from storage.driver import Collection, Database, Keys
from storage.errors import StoreSetupError
from storage.facts import OUTBOX_AT
from storage.identities import IDENTITIES
from storage.ledger import LEDGER, LEDGER_ASIDES
from storage.letter_names import LETTER_NAMES
from storage.loyalty import LOYALTY_LEDGER
from storage.outbox import OUTBOXES
from storage.reader import TIME_FIELDS
from storage.receipts import RECEIPTS
from storage.replay_jobs import REPLAY_JOBS

_BOTH = (Order.VERSION, Order.OCCURRED)
_LISTED_IN: Mapping[Entity, Sequence[Order]] = {
    Entity.CUSTOMER: (Order.VERSION,),
    Entity.LEAD: (Order.VERSION,),
    Entity.ORDER: _BOTH,
    Entity.REVIEW: _BOTH,
    Entity.EVENT: _BOTH,
}
"""The orders that surfaces list an entity's records in, all of them or those of one customer: by
version what a partner synchronizes, by occurrence what has a date of its own. By change they are
only ever pulled whole: an index for more would cost every write."""

_FILTERED_IN: Mapping[Entity, Sequence[Order]] = {**_LISTED_IN, Entity.EVENT: (Order.OCCURRED,)}
"""The orders that surfaces filter them in. Of two filters at once one index serves."""


def _indexes(entity: Entity) -> dict[str, Keys]:
    """The indexes of an entity's lists: what a list fixes, then its order, so that none is sorted."""
    indexes = {f"by_{order}": _keys(order) for order in (Order.CHANGED, *_LISTED_IN[entity])}
    if entity is not Entity.CUSTOMER:
        indexes |= _filtered("customer_ref", _LISTED_IN[entity])
    for column in sorted(FILTERS[entity]):
        indexes |= _filtered(column, _FILTERED_IN[entity])
    return indexes


def _filtered(column: str, orders: Sequence[Order]) -> dict[str, Keys]:
    return {f"by_{column}_{order}": _keys(order, column) for order in orders}


def _keys(order: Order, *columns: str) -> Keys:
    fixed = ["tenant", *(f"fields.{column}" for column in columns)]
    return [(name, 1) for name in (*fixed, TIME_FIELDS[order], "_id")]


_DECLARED: Mapping[str, Mapping[str, Keys]] = {
    **{COLLECTIONS[entity]: _indexes(entity) for entity in Entity},
    CLIENTS: {"by_tenant": [("tenant", 1), ("_id", 1)]},
    IDENTITIES: {"by_owner": [("customer_id", 1)]},
    DEAD_LETTERS: {
        f"by_{columns[0]}_state": [(name, 1) for name in (*columns, "state", "first_seen", "_id")]
        for columns in (("tenant",), ("operation",), ("code",), ("fingerprint", "tenant"), ("ingestion_id",))
    }
    | {"by_state": [("state", 1), ("first_seen", 1), ("_id", 1)]},
    PARTS: {"by_letter": [("letter", 1)]},
    GROUPS: {
        "by_tenant": [("tenant", 1)],
        "by_fingerprint": [("fingerprint", 1)],
    },
    LETTER_NAMES: {"by_name": [("names", 1), ("first_seen", 1), ("_id", 1)]},
    DEDUPE_CANDIDATES: {
        "by_tenant": [("tenant", 1), ("seen_at", 1), ("_id", 1)],
        "by_customer": [("tenant", 1), ("customer_id", 1), ("seen_at", 1), ("_id", 1)],
        "by_other": [("tenant", 1), ("other_id", 1), ("seen_at", 1), ("_id", 1)],
    },
    LOYALTY_LEDGER: {
        "by_account": [("tenant", 1), ("customer_id", 1), ("sequence", 1)],
        "by_account_key": [("tenant", 1), ("customer_id", 1), ("key", 1)],
        "by_account_related": [("tenant", 1), ("customer_id", 1), ("related_id", 1)],
        "by_sequence": [("tenant", 1), ("sequence", 1), ("customer_id", 1)],
    },
    RECEIPTS: {"by_acceptance": [("accepted_at", 1)]},
    REPLAY_JOBS: {
        "by_state": [("state", 1), ("due_at", 1)],
        "by_creation": [("created_at", 1), ("_id", 1)],
        "by_tenant": [("tenant", 1), ("created_at", 1), ("_id", 1)],
    },
    LEDGER: {
        "by_minute": [("minute", 1)],
        "by_tenant": [("tenant", 1), ("minute", 1)],
        "by_change": [("changed_at", 1)],
    },
    LEDGER_ASIDES: {"by_acceptance": [("accepted_at", 1)]},
    DELIVERIES: {
        "by_due": [("endpoint", 1), ("due_at", 1), ("position", 1)],
        "by_lane": [("endpoint", 1), ("lane", 1), ("position", 1), ("_id", 1)],
        "by_age": [("endpoint", 1), ("kept_at", 1)],
        "by_time": [("made_at", 1)],
    },
}

INDEXES: Mapping[str, Mapping[str, Keys]] = {
    name: {**indexes, **({"by_outbox": [(OUTBOX_AT, 1)]} if name in OUTBOXES else {})}
    for name, indexes in _DECLARED.items()
}
"""Collection → index name → keys. `_id`, which every collection is indexed by, is not named."""

_SPARSE = frozenset({"by_outbox"})
"""Indexes of the few documents that have what they are about: all others are written without them."""

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
    await collection.create_indexes(declared, sparse=_SPARSE)
    existing = await collection.indexes()
    for name, keys in declared.items():
        found = existing.get(name, {})
        meant = {"sparse"} if name in _SPARSE else set()
        extras = {option for option in _CHANGES_MEANING if found.get(option)} ^ meant
        if [tuple(key) for key in found.get("key", ())] != list(keys) or extras:
            raise StoreSetupError(
                f"the index {name} of the collection {collection.name} is not as Portico declares it: "
                f"expected keys {list(keys)}, found {found}; drop it, Portico makes it anew at its next start"
            )
