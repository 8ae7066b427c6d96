"""The console's pages about Portico as a whole, on a running one, without scripts."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from domain.ingestion_id import IngestionIds
from storage.driver import open_database
from tests.support.odp_v1_bodies import example
from tests.support.operators import posted
from tests.support.portico import SECRETS, Client
from tests.support.stacks import Stack
from tests.support.visitors import Sight, Visitor, visiting

PATIENCE = 30.0
FIGURES = "/console/overview/figures?hours=1"
PAIRS = 51


@pytest.fixture
async def chief(embedded: Stack) -> AsyncIterator[Visitor]:
    """An operator of all tenants."""
    async with visiting(embedded.gateway.admin) as visitor:
        yield visitor


@pytest.fixture
async def own(embedded: Stack, tenant: str) -> AsyncIterator[Visitor]:
    """An operator of the test's tenant."""
    async with visiting(embedded.gateway.admin, tenant) as visitor:
        yield visitor


def leads(count: int, faulty: int) -> dict[str, Any]:
    """A batch of leads, the first of which lack their status."""
    return {
        "leads": [
            {"id": f"l-{n}", "source": "campaign", **({} if n < faulty else {"status": "new"})}
            for n in range(count)
        ]
    }


async def ingested(caller: Client, count: int, faulty: int) -> str:
    """The id of an ingestion of leads, once it is done."""
    _, answered = await caller.post(
        "/v1/customer/leads:ingest", leads(count, faulty), Prefer="handling=lenient, wait=30"
    )
    assert (await caller.get(f"/v1/ingestions/{answered['correlationId']}", Prefer="wait=30"))[1]["counts"]
    return str(answered["correlationId"])


async def seen(visitor: Visitor, path: str, what: str) -> Sight:
    """The page at `path`, once it says `what`."""
    sight = await visitor.looks(path)
    async with asyncio.timeout(PATIENCE):
        while what not in sight.text:
            await asyncio.sleep(0.2)
            sight = await visitor.looks(path)
    return sight


async def test_the_overview_shows_the_ledger_and_what_waits(
    chief: Visitor, own: Visitor, caller: Client, tenant: str
) -> None:
    """The equation by tenant and operation, causes and their counts; the bound operator's alone for him."""
    await ingested(caller, 40, 7)
    line = "40 33 0 0 0 7 0 0"  # accepted, created, updated, unchanged, stale, dead, in flight, unexplained

    mine = await seen(own, FIGURES, f"{tenant} odp.v1.leads {line}")
    assert f"All {line}" in mine.text
    assert "7 open" in mine.text
    assert "7 REQUIRED at /leads/*/status odp.v1.leads" in mine.text
    assert "unexplained." not in mine.text
    assert "messages waiting" not in mine.text
    everything = await seen(chief, FIGURES, f"{tenant} odp.v1.leads {line}")
    assert "messages waiting" in everything.text

    page = await own.looks("/console?hours=24")
    assert mine.text.partition("Ledger")[2][:200] == page.text.partition("Ledger")[2][:200]
    assert f"Overview of {tenant}" in page.text
    assert "<script src=" in page.html
    assert " style=" not in page.html


async def test_an_ingestion_is_looked_up_by_its_id(
    chief: Visitor, own: Visitor, caller: Client, embedded: Stack, tenant: str
) -> None:
    """Its receipt and dead letters; queued without a receipt; another tenant's is one that nobody knows."""
    id = await ingested(caller, 5, 2)

    for visitor in (chief, own):
        sight = await visitor.looks(f"/console/ingestions?id={id}")
        assert f"State done Tenant {tenant} Operation odp.v1.leads" in sight.text
        assert "Records 5 created 3 dead 2" in sight.text
        assert "0 dead REQUIRED /leads/0/status" in sight.text
        assert f"/console/letters?ingestion={id}&amp;state=all" in sight.html
        letters = re.findall(r'href="(/console/letters/[^"]+)"', sight.html)
        assert 2 == len(letters)
        assert "REQUIRED" in (await visitor.looks(letters[0])).text

    queued = IngestionIds(SECRETS["PORTICO_INGESTION_SECRET"].encode()).mint(tenant)
    assert "State queued" in (await own.looks(f"/console/ingestions/{queued}")).text
    assert "State queued" in (await chief.looks(f"/console/ingestions?id={queued}&tenant={tenant}")).text
    assert "Name the tenant" in (await chief.looks(f"/console/ingestions/{queued}", 404)).text
    async with visiting(embedded.gateway.admin, f"{tenant}-other") as other:
        for unknown in (id, queued, "ing_x", "x" * 300):
            assert "no such ingestion" in (await other.looks(f"/console/ingestions/{unknown}", 404)).text


async def test_duplicates_are_listed_masked_and_shown_when_asked_for(
    own: Visitor, caller: Client, embedded: Stack, tenant: str
) -> None:
    """Pages hold each pair once; names and keys are shown to who may repair, and the audit says to whom."""
    await posted(
        caller, *(_customer(f"{side}-{n}", n, f"app:{side}-{n}") for n in range(PAIRS) for side in "ab")
    )
    uniting = [_customer(f"a-{n}", n, f"app:a-{n}", f"app:b-{n}") for n in range(PAIRS)]
    await caller.post("/v1/customer/customers:ingest", {"customers": uniting}, Prefer="wait=30")

    first = await own.looks("/console/dedupe")
    following = re.search(r'rel="next" href="([^"]+)"', first.html)
    assert following is not None
    second = await own.looks(following[1].replace("&amp;", "&"))
    reveals = [
        re.findall(r'action="(/console/dedupe/[^"]+/reveal)"', sight.html) for sight in (first, second)
    ]
    assert [50, PAIRS - 50] == [len(found) for found in reveals]
    assert PAIRS == len({path for found in reveals for path in found})
    assert not re.search("Maria|app:[ab]", first.text + second.text)
    assert "Both have the external id ***" in first.text
    await own.looks(f"/console/dedupe?after={'x' * 40}", 400)

    path = reveals[1][0]
    shown = await own.sends(path, csrf=second.csrf)
    assert re.search(
        r"Both have the external id app:[ab]-\d+ .* Maria \d+ active odp_v1 .* Maria \d+", shown.text
    )
    async with open_database(embedded.mongodb_url, embedded.database) as database:
        audited = await database.collection("audit").find({"tenant": tenant})
    acts = [(one["actor"], one["action"], one["selection"]) for one in audited]
    assert [("ana", "reveal dedupe candidate", {"candidate": path.split("/")[3]})] == acts

    await own.sends(path, 403, csrf="0" * 64)
    async with visiting(embedded.gateway.admin, tenant, "operator.read") as reader:
        page = await reader.looks("/console/dedupe")
        assert "Show personal data" not in page.text
        await reader.sends(path, 403, csrf=page.csrf)
    async with visiting(embedded.gateway.admin, f"{tenant}-other") as other:
        page = await other.looks(f"/console/dedupe?tenant={tenant}")
        assert "There are none." in page.text
        await other.sends(path, 404, csrf=page.csrf, tenant=tenant)


async def test_settings_are_shown_without_secrets(chief: Visitor, own: Visitor, embedded: Stack) -> None:
    """Each with its value and where it is from, to operators of all tenants alone."""
    sight = await chief.looks("/console/settings")

    assert f"PORTICO_ADMIN_PORT {embedded.gateway.ports[2]} environment" in sight.text
    assert "PORTICO_LEDGER_DAYS 30 default" in sight.text
    assert "PORTICO_JWT_KEY set, not shown environment" in sight.text
    assert "PORTICO_AMQP_URL not set default" in sight.text
    assert not [secret for secret in SECRETS.values() if secret in sight.html]
    assert "operators of all tenants" in (await own.looks("/console/settings", 403)).text


def _customer(id: str, number: int, *external_ids: str) -> dict[str, Any]:
    contacts = {"email": f"{id}@example.com"}
    return example("customers", id=id, name=f"Maria {number}", externalIds=[*external_ids], contacts=contacts)
