"""Facts reach their endpoints on both stacks, whatever receivers do, and never in ingestion's way."""

import asyncio
import time
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from domain.endpoints import Endpoint
from storage.driver import open_database
from storage.facts import OUTBOX_AT
from storage.outbox import OUTBOXES
from storage.webhooks import EndpointRepository
from tests.support.odp_v1_bodies import example
from tests.support.portico import Client, client_of
from tests.support.rabbitmq import RabbitNode
from tests.support.stacks import Stack, embedded_stack, production_stack
from tests.support.webhooks import Receiver, portico_webhooks, receiving

SETTINGS = {
    "PORTICO_WEBHOOKS_ALLOW_PRIVATE": "true",
    "PORTICO_WEBHOOKS_TIMEOUT": "3",
    "PORTICO_WEBHOOKS_FIRST_PAUSE": "0.05",
    "PORTICO_WEBHOOKS_ATTEMPTS": "6",
    "PORTICO_WEBHOOKS_LONGEST_PAUSE": "0.5",
}
KNOWN_AFTER = 2.5
"""Seconds after which every process knows of a new endpoint."""


@pytest.fixture(scope="module")
async def telling_embedded(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """`portico up`, whose webhooks may go to this machine."""
    async with embedded_stack(tmp_path_factory.mktemp("embedded"), **SETTINGS) as stack:
        yield stack


@pytest.fixture(scope="module")
async def telling_production(
    tmp_path_factory: pytest.TempPathFactory, rabbitmq_session: RabbitNode, mongodb_url: str
) -> AsyncIterator[Stack]:
    """Gateway and ingestor, whose webhooks may go to this machine."""
    name = f"portico_webhooks_{uuid.uuid4().hex[:8]}"
    home = tmp_path_factory.mktemp("production")
    async with production_stack(
        home, amqp_url=rabbitmq_session.url, queue=name, mongodb_url=mongodb_url, database=name, **SETTINGS
    ) as stack:
        yield stack


@pytest.fixture(params=["telling_embedded", "telling_production"])
def telling(request: pytest.FixtureRequest) -> Stack:
    """Each stack in turn."""
    found: Stack = request.getfixturevalue(request.param)
    return found


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A receiver of the test's own."""
    async with receiving() as one:
        yield one


@pytest.fixture
async def sender(telling: Stack, tenant: str) -> AsyncIterator[Client]:
    """A client of the stack, as the test's tenant."""
    async with client_of(telling.gateway.url, tenant) as one:
        yield one


async def added(stack: Stack, tenant: str, url: str, **changes: Any) -> Endpoint:
    """A new endpoint, which every process knows of."""
    endpoint = Endpoint(
        id=str(uuid.uuid4()),
        tenant=tenant,
        url=url,
        secret="a-secret-of-the-receiver",
        events=(),
        merchant_id="store-1",
        created_at=0,
    )
    endpoint = replace(endpoint, **changes)
    async with open_database(stack.mongodb_url, stack.database) as database:
        await EndpointRepository(database).put(endpoint)
    await asyncio.sleep(KNOWN_AFTER)
    return endpoint


async def eventually(stack: Stack, collection: str, tenant: str, count: int) -> list[dict[str, Any]]:
    """The tenant's documents in a collection, once there are `count` of them."""
    async with open_database(stack.mongodb_url, stack.database) as database, asyncio.timeout(30):
        while True:
            found = await database.collection(collection).find({"tenant": tenant})
            if len(found) == count:
                return found
            await asyncio.sleep(0.05)


async def ingest(client: Client, plural: str, *records: object) -> None:
    """Send records, and wait until they are stored."""
    path = "/v1/customer/events" if plural == "events" else f"/v1/customer/{plural}:ingest"
    body = {plural: list(records)} if len(records) > 1 else {plural[:-1]: records[0]}
    status, answer = await client.post(path, body, Prefer="wait=20")
    assert status in (200, 202), answer


async def test_a_fact_of_every_kind_is_told_and_signed(
    telling: Stack, sender: Client, tenant: str, receiver: Receiver
) -> None:
    """The signature is that of the raw body; who sends is said in the headers; an event comes as it was."""
    endpoint = await added(telling, tenant, f"{receiver.url}/ok")
    customer, event = example("customers"), example("events")

    await ingest(sender, "customers", customer)
    await ingest(sender, "leads", example("leads"))
    await ingest(sender, "orders", example("orders"))
    await ingest(sender, "reviews", example("reviews"))
    await ingest(sender, "events", event)
    received = await receiver.gets(5, "/ok")

    by_type = {one.fact["eventType"]: one for one in received}
    assert {
        "customer.created",
        "lead.created",
        "order.created",
        "review.created",
        event["eventType"],
    } <= by_type.keys()
    assert all(one.is_signed_with(endpoint.secret) for one in received)
    assert {(endpoint.id, "store-1")} == {
        (one.headers["X-App-Id"], one.headers["X-App-MerchantId"]) for one in received
    }
    assert event == by_type[event["eventType"]].fact["payload"]
    assert customer["contacts"]["email"] not in by_type["customer.created"].body.decode()


async def test_receivers_that_fail_or_lie_get_each_fact(
    telling: Stack, sender: Client, tenant: str, receiver: Receiver
) -> None:
    """At least once, under one id; a 2xx is taken at its word, whatever comes with it."""
    paths = ["/fails", "/closes", "/garbage", "/huge"]
    await asyncio.gather(*(added(telling, tenant, receiver.url + path) for path in paths))

    leads = [example("leads", id=f"lead-{number}") for number in range(5)]
    await ingest(sender, "leads", *leads)
    for path in paths:
        await receiver.gets(5, path)
    await eventually(telling, "webhook_deliveries", tenant, 0)

    for path in paths:
        told = {one.fact["payload"]["leadId"] for one in receiver.at(path)}
        assert {f"lead-{n}" for n in range(5)} == told


async def test_facts_of_one_customer_come_in_order_while_others_go_on(
    telling: Stack, sender: Client, tenant: str, receiver: Receiver
) -> None:
    """A fact that the receiver does not take holds up the later ones of its customer, and nobody else's."""
    await added(telling, tenant, f"{receiver.url}/picky")
    first = {
        number: example(
            "customers",
            id=f"c-{number}",
            externalIds=[f"app:{number}"],
            contacts={},
            name=f"Customer {number}",
        )
        for number in range(4)
    }
    await ingest(sender, "customers", *first.values())
    names = {
        one.fact["payload"]["logicalIds"][0]: one.fact["customerId"]
        for one in await receiver.gets(4, "/picky")
    }

    receiver.refused = {names["c-0"]}
    for day in range(25, 29):
        changed = [
            {**one, "name": f"Day {day}", "updatedAt": f"2026-03-{day}T12:00:00Z"} for one in first.values()
        ]
        await ingest(sender, "customers", *changed)
    await receiver.gets(4 + 3 * 4 + 1, "/picky")
    stuck = {one.fact["id"] for one in receiver.at("/picky") if one.fact["customerId"] == names["c-0"]}
    receiver.refused = set()
    await receiver.gets(20, "/picky")

    assert 2 == len(stuck)  # the one that was taken, and the one that was not
    # As they came first: what the receiver took may come again at any time, under the id that it had.
    days: defaultdict[str, list[str]] = defaultdict(list)
    known: set[str] = set()
    for one in receiver.at("/picky"):
        if one.fact["id"] not in known:
            known.add(one.fact["id"])
            days[one.fact["customerId"]].append(one.fact["occurredAt"])
    assert {id: sorted(found) for id, found in days.items()} == days


async def test_ingestion_does_not_wait_for_a_receiver_that_stalls(
    telling: Stack, sender: Client, tenant: str, receiver: Receiver
) -> None:
    """Hundreds of records are stored, and told elsewhere, while the stall goes on."""
    await asyncio.gather(*(added(telling, tenant, receiver.url + path) for path in ("/stalls", "/ok")))

    started = time.monotonic()
    for batch in range(3):
        await ingest(sender, "leads", *(example("leads", id=f"lead-{batch}-{n}") for n in range(40)))
    seconds = time.monotonic() - started
    await receiver.gets(120, "/ok")

    assert seconds < 15
    assert not receiver.released.is_set()
    assert receiver.at("/stalls")


async def test_redirects_are_not_followed_and_the_end_is_a_dead_letter(
    telling: Stack, sender: Client, tenant: str, receiver: Receiver
) -> None:
    """After the last attempt, with the body that was never taken."""
    await added(telling, tenant, f"{receiver.url}/redirects", events=("lead.*",))

    await ingest(sender, "leads", example("leads"))
    await ingest(sender, "orders", example("orders"))
    [letter] = await eventually(telling, "dead_letters", tenant, 1)

    assert [] == receiver.at("/redirected")
    assert ["lead.created"] == sorted({one.fact["eventType"] for one in receiver.at("/redirects")})
    assert 6 == len(receiver.at("/redirects"))
    assert ("webhook", "WEBHOOK_GAVE_UP", 6) == (letter["stage"], letter["code"], letter["attempts"])
    assert 6 == len(letter["attempted_at"])
    assert receiver.at("/redirects")[0].body == letter["body"]


async def test_a_tenant_without_endpoints_has_no_outbox(telling: Stack, sender: Client, tenant: str) -> None:
    """Its documents are written without one."""
    await ingest(sender, "leads", example("leads"))

    async with open_database(telling.mongodb_url, telling.database) as database:
        for name in OUTBOXES:
            assert [] == await database.collection(name).find({"tenant": tenant, OUTBOX_AT: {"$gt": 0}})


async def test_killing_portico_loses_no_fact(tmp_path: Path, receiver: Receiver) -> None:
    """kill -9 while facts are on their way, twice: each comes, under one id."""
    async with embedded_stack(tmp_path, **SETTINGS) as stack:
        await added(stack, "acme", f"{receiver.url}/slow")
        for part in range(3):
            async with client_of(stack.gateway.url) as client:
                await ingest(client, "leads", *(example("leads", id=f"lead-{part}-{n}") for n in range(30)))
            await asyncio.sleep(0.3)
            if part < 2:
                await stack.gateway.kill()
                await stack.gateway.start()
        await receiver.gets(90, "/slow")

    leads = defaultdict(set)
    for one in receiver.at("/slow"):
        leads[one.fact["payload"]["leadId"]].add(one.fact["id"])
    assert {f"lead-{part}-{n}" for part in range(3) for n in range(30)} == leads.keys()
    assert {1} == {len(ids) for ids in leads.values()}


async def test_an_endpoint_is_added_tested_listed_and_removed(
    telling_embedded: Stack, tenant: str, receiver: Receiver
) -> None:
    """The embedded MongoDB is found through the data directory; the secret is shown once."""
    home = ("--data-dir", str(telling_embedded.gateway.home / "data"))
    mine = ("--tenant", tenant, *home)

    status, printed = await portico_webhooks(SETTINGS, "add", "--url", f"{receiver.url}/ok", *mine)
    endpoint, secret = (line.split(": ")[1] for line in printed.splitlines()[:2])
    tested = await portico_webhooks(SETTINGS, "test", endpoint, *mine)
    listed = await portico_webhooks(SETTINGS, "list", *mine)
    others = await portico_webhooks(SETTINGS, "remove", endpoint, "--tenant", "another", *home)
    removed = await portico_webhooks(SETTINGS, "remove", endpoint, *mine)

    assert 0 == status
    assert (0, "delivered: it answered 204\n") == tested
    assert receiver.at("/ok")[0].is_signed_with(secret)
    assert endpoint in listed[1]
    assert secret not in listed[1]
    assert [2, 0] == [others[0], removed[0]]
    assert (0, "") == await portico_webhooks(SETTINGS, "list", *mine)


async def test_a_private_address_is_refused(tmp_path: Path) -> None:
    """Where nothing else is configured."""
    status, printed = await portico_webhooks(
        {"PORTICO_DATA_DIR": str(tmp_path)}, "add", "--tenant", "acme", "--url", "https://127.0.0.1/hook"
    )

    assert 2 == status
    assert "not one of the public Internet" in printed
