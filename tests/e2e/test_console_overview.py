"""The console's pages about Portico as a whole, on a running one, without scripts."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from domain.ingestion_id import IngestionIds
from storage.driver import open_database
from tests.support.console import ROLES, Answer, ConsoleVisitor
from tests.support.odp_v1_bodies import example
from tests.support.operators import posted
from tests.support.portico import SECRETS, Client
from tests.support.stacks import Stack

PATIENCE = 30.0
FIGURES = "/console/overview/figures?hours=1"
PAIRS = 51


@asynccontextmanager
async def visiting(
    stack: Stack, tenant: str | None = None, scope: str = ROLES
) -> AsyncIterator[ConsoleVisitor]:
    """An operator of `tenant`, or of all, with a browser of his own, signed in."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        visitor = ConsoleVisitor.of(stack, session)
        await visitor.signs_in(tenant, scope)
        yield visitor


@pytest.fixture
async def chief(embedded: Stack) -> AsyncIterator[ConsoleVisitor]:
    """An operator of all tenants."""
    async with visiting(embedded) as visitor:
        yield visitor


@pytest.fixture
async def own(embedded: Stack, tenant: str) -> AsyncIterator[ConsoleVisitor]:
    """An operator of the test's tenant."""
    async with visiting(embedded, tenant) as visitor:
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


async def seen(visitor: ConsoleVisitor, path: str, what: str) -> Answer:
    """The page at `path`, once it says `what`."""
    async with asyncio.timeout(PATIENCE):
        while True:
            answer = await visitor.opens(path)
            if answer.has(what):
                return answer
            await asyncio.sleep(0.2)


async def words(visitor: ConsoleVisitor, path: str, status: int = 200) -> str:
    """What a reader sees at `path`."""
    answer = await visitor.opens(path)
    assert status == answer.status, answer.words
    return answer.words


async def test_the_overview_shows_the_ledger_and_what_waits(
    chief: ConsoleVisitor, own: ConsoleVisitor, caller: Client, tenant: str
) -> None:
    """The equation by tenant and operation, causes and their counts; the bound operator's alone for him."""
    await ingested(caller, 40, 7)
    line = "40 33 0 0 0 7 0 0"  # accepted, created, updated, unchanged, stale, dead, in flight, unexplained

    mine = (await seen(own, FIGURES, f"{tenant} odp.v1.leads {line}")).words
    assert f"All {line}" in mine
    assert "7 open" in mine
    assert "7 REQUIRED at /leads/*/status odp.v1.leads" in mine
    assert "unexplained." not in mine
    assert "messages waiting" not in mine
    everything = await seen(chief, FIGURES, f"{tenant} odp.v1.leads {line}")
    assert everything.has("messages waiting")

    page = await own.opens("/console?hours=24")
    assert mine.partition("Ledger")[2][:200] == page.words.partition("Ledger")[2][:200]
    assert page.has(f"Overview of {tenant}")
    assert "<script src=" in page.text
    assert " style=" not in page.text


async def test_an_ingestion_is_looked_up_by_its_id(
    chief: ConsoleVisitor, own: ConsoleVisitor, caller: Client, embedded: Stack, tenant: str
) -> None:
    """Its receipt and dead letters; queued without a receipt; another tenant's is one that nobody knows."""
    id = await ingested(caller, 5, 2)

    for visitor in (chief, own):
        page = await visitor.opens(f"/console/ingestions?id={id}")
        assert page.has(f"State done Tenant {tenant} Operation odp.v1.leads")
        assert page.has("Records 5 created 3 dead 2")
        assert page.has("0 dead REQUIRED /leads/0/status")
        links = page.ids("href")
        assert f"/console/letters?ingestion={id}&state=all" in links
        letters = [link for link in links if link.startswith("/console/letters/")]
        assert 2 == len(letters)
        assert "REQUIRED" in await words(visitor, letters[0])

    queued = IngestionIds(SECRETS["PORTICO_INGESTION_SECRET"].encode()).mint(tenant)
    assert "State queued" in await words(own, f"/console/ingestions/{queued}")
    assert "State queued" in await words(chief, f"/console/ingestions?id={queued}&tenant={tenant}")
    assert "Name the tenant" in await words(chief, f"/console/ingestions/{queued}", 404)
    async with visiting(embedded, f"{tenant}-other") as other:
        for unknown in (id, queued, "ing_x", "x" * 300):
            assert "no such ingestion" in await words(other, f"/console/ingestions/{unknown}", 404)


async def test_duplicates_are_listed_masked_and_shown_when_asked_for(
    own: ConsoleVisitor, caller: Client, embedded: Stack, tenant: str
) -> None:
    """Pages hold each pair once; names and keys are shown to who may repair, and the audit says to whom."""
    await posted(
        caller, *(_customer(f"{side}-{n}", n, f"app:{side}-{n}") for n in range(PAIRS) for side in "ab")
    )
    uniting = [_customer(f"a-{n}", n, f"app:a-{n}", f"app:b-{n}") for n in range(PAIRS)]
    await caller.post("/v1/customer/customers:ingest", {"customers": uniting}, Prefer="wait=30")

    first = await own.opens("/console/dedupe")
    [following] = [link for link in first.ids("href") if "after=" in link]
    second = await own.opens(following)
    reveals = [[form for form in page.ids("action") if "/reveal" in form] for page in (first, second)]
    assert [50, PAIRS - 50] == [len(found) for found in reveals]
    assert PAIRS == len({form for found in reveals for form in found})
    assert not re.search("Maria|app:[ab]", first.words + second.words)
    assert first.has("Both have the external id ***")
    await words(own, f"/console/dedupe?after={'x' * 40}", 400)

    path = reveals[1][0]
    shown = await own.sends(path)
    expected = r"Both have the external id app:[ab]-\d+ .* Maria \d+ active odp_v1 .* Maria \d+"
    assert re.search(expected, shown.words)
    async with open_database(embedded.mongodb_url, embedded.database) as database:
        audited = await database.collection("audit").find({"tenant": tenant})
    acts = [(one["actor"], one["action"], one["selection"]) for one in audited]
    assert [("ana", "reveal dedupe candidate", {"candidate": path.split("/")[3]})] == acts

    assert 403 == (await own.posts(path, csrf="0" * 64)).status
    async with visiting(embedded, tenant, "operator.read") as reader:
        assert "Show personal data" not in await words(reader, "/console/dedupe")
        assert 403 == (await reader.sends(path)).status
    async with visiting(embedded, f"{tenant}-other") as other:
        assert "There are none." in await words(other, f"/console/dedupe?tenant={tenant}")
        assert 404 == (await other.sends(path, tenant=tenant)).status


async def test_settings_are_shown_without_secrets(
    chief: ConsoleVisitor, own: ConsoleVisitor, embedded: Stack
) -> None:
    """Each with its value and where it is from, to operators of all tenants alone."""
    page = await chief.opens("/console/settings")

    assert page.has(f"PORTICO_ADMIN_PORT {embedded.gateway.ports[2]} environment")
    assert page.has("PORTICO_LEDGER_DAYS 30 default")
    assert page.has("PORTICO_JWT_KEY set, not shown environment")
    assert page.has("PORTICO_AMQP_URL not set default")
    assert not [secret for secret in SECRETS.values() if secret in page.text]
    assert "operators of all tenants" in await words(own, "/console/settings", 403)


def _customer(id: str, number: int, *external_ids: str) -> dict[str, Any]:
    contacts = {"email": f"{id}@example.com"}
    return example("customers", id=id, name=f"Maria {number}", externalIds=[*external_ids], contacts=contacts)
