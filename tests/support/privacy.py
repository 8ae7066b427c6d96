"""A person whose data is everywhere, and a search of a whole database for it."""

import json
import re
from typing import Any

from pymongo import AsyncMongoClient

from contracts.operations import Origin
from contracts.registry import OPERATIONS
from domain.apply import ApplyRecords
from domain.clock import system_clock
from domain.facts import nobody
from domain.records import Applied
from domain.resolve import MatchPolicy
from storage.store import Store
from tests.support.odp_v1_bodies import example

MARKS = (
    "quiteria",
    "quitéria",
    "q-7788",
    "99876",
    "crm-5521",
    "ord-4411",
    "52998224725",
    "529.982",
    "vip-xyz",
)
"""Parts of what is hers, in lower case; nobody else's data holds any."""

_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")


def quiteria(**changes: Any) -> dict[str, Any]:
    """A customer, by ODP v1."""
    own = {
        "id": "q-7788",
        "externalIds": ["crm:crm-5521"],
        "name": "Quitéria Souza",
        "contacts": {"email": "quiteria@example.com", "phone": "+55 11 99876-5432"},
        "document": "529.982.247-25",
    }
    return example("customers", **{**own, **changes})


def of_others(number: int, **changes: Any) -> dict[str, Any]:
    """A customer who shares nothing with her."""
    own = {"id": f"o-{number}", "externalIds": [f"crm:o-{number}"], "name": f"Other {number}", "contacts": {}}
    return example("customers", **{**own, **changes})


async def send(
    store: Store, operation: str, *records: Any, at: int | None = None, ingestion: str = "ing_1"
) -> list[Applied]:
    """Apply records that were accepted at `at` (now, if not given)."""
    apply = ApplyRecords(
        store.records,
        store.identities,
        store.dedupe,
        system_clock,
        MatchPolicy(),
        nobody,
        store.tombstones,
    )
    origin = Origin("acme", ingestion, system_clock() if at is None else at)
    kind = OPERATIONS[operation]
    decoded = [kind.decode(kind.wrap(json.dumps(one).encode()), origin).records[0][1] for one in records]
    return await apply(decoded)


async def everything(url: str, database: str) -> dict[str, list[str]]:
    """Every document of the database as text in lower case, by collection, read without Portico."""
    async with AsyncMongoClient[dict[str, Any]](url, directConnection=True) as client:
        opened = client[database]
        return {
            name: [str(_open(one)).lower() async for one in opened[name].find({})]
            for name in await opened.list_collection_names()
        }


def marks_in(documents: dict[str, list[str]]) -> set[tuple[str, str]]:
    """Where there is something of hers, and what."""
    return {
        (name, mark) for name, texts in documents.items() for text in texts for mark in MARKS if mark in text
    }


def _open(value: Any) -> Any:
    """`value` with what is bytes as text, however JSON escapes it."""
    match value:
        case dict():
            return {name: _open(one) for name, one in value.items()}
        case list():
            return [_open(one) for one in value]
        case bytes():
            text = value.decode("utf-8", "replace")
            return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) + text
        case _:
            return value
