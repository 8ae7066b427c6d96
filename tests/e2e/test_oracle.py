"""What loads are judged by sees what it is there to see."""

import json
import random

import pytest

from storage.bulk import Encoded, Insert, Replace
from storage.driver import Document, open_database
from tests.support.load import Load
from tests.support.oracle import Findings, findings_of
from tests.support.stacks import Stack


@pytest.fixture
async def load(embedded: Stack) -> Load:
    """A load that has ended."""
    async with Load(embedded.gateway.url, random.randrange(2**32), rate=200.0) as load:
        await load.acknowledges(1500)
    return load


async def _judge(load: Load, stack: Stack) -> Findings:
    return await findings_of(load, stack.gateway.url, stack.mongodb_url, stack.database)


async def test_nothing_is_wrong_with_a_load(load: Load, embedded: Stack) -> None:
    """Without any trouble: every record has its outcome, each outcome occurs."""
    findings = await _judge(load, embedded)

    findings.assert_clean()
    assert {"created", "updated", "unchanged", "stale", "dead"} == set(+findings.outcomes)


async def test_what_is_lost_doubled_or_changed_is_found(load: Load, embedded: Stack) -> None:
    """A lead, whose key stays, and a dead letter that are gone; an event twice; a customer nobody sent."""
    tenant = load.plan.tenants[0]
    async with open_database(embedded.mongodb_url, embedded.database, driver="pymongo") as database:
        await _judge(load, embedded)

        async def one(collection: str) -> Document:
            found = await database.collection(collection).find({"tenant": tenant}, limit=1)
            return found[0]

        lead, event, customer = await one("leads"), await one("events"), await one("customers")
        await database.collection("leads").delete_many({"_id": lead["_id"]})
        await database.collection("events").write([Insert(Encoded({**event, "_id": "a second one"}))])
        state = customer["sources"]["odp_v1"]
        state["document"] = json.dumps({**json.loads(state["document"]), "name": "Nobody"})
        await database.collection("customers").write([Replace({"_id": customer["_id"]}, Encoded(customer))])
        letters = await database.collection("dead_letters").find({"tenant": load.plan.tenants[1]}, limit=1)
        for letter in letters:
            await database.collection("dead_letters").delete_many({"_id": letter["_id"]})

        findings = await _judge(load, embedded)
        # Nothing that Portico did not write is left to those who look at the whole store.
        await database.collection("events").delete_many({"_id": "a second one"})
        await database.collection("customers").delete_many({"_id": customer["_id"]})

    assert 1 + len(letters) == len(findings.lost)
    assert (2, 1) == (len(findings.unexpected), len(findings.duplicated))
