"""`portico privacy` beside a running stack: a person given out, erased, kept away, and begun anew."""

import asyncio
import json
import uuid
from pathlib import Path
from typing import Any

from domain.endpoints import Endpoint
from storage.store import Store, open_store
from tests.cli.test_commands import run
from tests.support.odp_v1_bodies import example
from tests.support.operators import posted
from tests.support.portico import Client
from tests.support.privacy import everything
from tests.support.stacks import Stack

MARK = uuid.uuid4().hex[:8]
"""In whatever is hers."""
DIGITS = f"9{int(MARK, 16) % 10**8:08d}"


def zoraide(**changes: Any) -> dict[str, Any]:
    """A customer."""
    own = {
        "id": f"z-{MARK}",
        "externalIds": [f"crm:{MARK}"],
        "name": f"Zoraide {MARK}",
        "contacts": {"email": f"zoraide-{MARK}@example.com", "phone": f"+5511{DIGITS}"},
    }
    return example("customers", **{**own, **changes})


async def taken(client: Client, path: str, body: Any) -> None:
    """Return when all of `body` is stored."""
    status, answer = await client.post(path, body, Prefer="wait=20")
    assert 202 == status, answer


async def with_a_delivery(client: Client, store: Store, endpoint: Endpoint) -> None:
    """Return when a fact about her waits for `endpoint`, which nothing can be delivered to."""
    await store.endpoints.put(endpoint)
    async with asyncio.timeout(40):
        minute = 0
        while not await store.deliveries.count(endpoint.id, 1):
            # The stack learns of a new endpoint within seconds.
            minute += 1
            await posted(client, zoraide(updatedAt=f"2026-03-25T12:{minute:02d}:00Z"))
            await asyncio.sleep(0.5)


async def test_a_person_given_out_and_erased(
    embedded: Stack, caller: Client, tenant: str, tmp_path: Path
) -> None:
    """Customer, lead, order, review, event, dead letter and webhook; then nothing in any document."""
    path = "/v1/customer"
    assert {"created": 1, "dead": 1} == await posted(caller, zoraide(), zoraide(name=...))
    await taken(
        caller,
        f"{path}/leads:ingest",
        {"lead": example("leads", id=f"lead-{MARK}", customerRef=f"z-{MARK}")},
    )
    order = example("orders", orderId=f"order-{MARK}", customerId=f"z-{MARK}")
    await taken(caller, f"{path}/orders:ingest", {"order": order})
    review = example("reviews", id=f"review-{MARK}", referenceId=f"order-{MARK}")
    await taken(caller, f"{path}/reviews:ingest", {"review": review})
    event = example("events", payload={"customerId": f"z-{MARK}"})
    await taken(caller, f"{path}/events", {"event": event})
    async with open_store(embedded.mongodb_url, name=embedded.database, prepare=False) as store:
        # Private addresses are refused before anything is sent.
        endpoint = Endpoint(str(uuid.uuid4()), tenant, "http://127.0.0.1:9/", "s" * 32, (), "", 1)
        await with_a_delivery(caller, store, endpoint)
        file = tmp_path / "export.json"
        person = ("--tenant", tenant, "--customer", f"z-{MARK}", "--actor", "dpo")

        async def privacy(*arguments: str) -> tuple[int | None, str, str]:
            return await run("privacy", *arguments, cwd=tmp_path, **embedded.beside)

        status, _, said = await privacy("export", *person, "--output", str(file))
        assert (0, 0o600) == (status, file.stat().st_mode & 0o777), said
        found = json.loads(file.read_text())
        kinds = ("leads", "orders", "reviews", "events", "deadLetters", "webhookDeliveries")
        assert [True] * 6 == [bool(found[kind]) for kind in kinds]
        assert f"Zoraide {MARK}" == found["customer"]["fields"]["display_name"]
        status, out, said = await privacy("erase", *person, "--yes", "--settle", "1")
        assert (0, "erased: 1 customers") == (status, out[:19]), said
        await store.endpoints.remove(endpoint)
    assert 1 == (await privacy("export", *person))[0]
    left = await everything(embedded.mongodb_url, embedded.database)
    assert [] == [text for texts in left.values() for text in texts if MARK in text or DIGITS in text]
    assert f"'tenant': '{tenant}', 'selection': {{'customer'" in "".join(left["audit"])

    again = {"customer": zoraide(updatedAt="2026-03-26T12:00:00Z")}
    status, answer = await caller.post(f"{path}/customers:ingest", again, Prefer="wait=20")
    assert (409, 1) == (status, answer["error"]["details"]["receipt"]["counts"]["stale"])
    assert {"created": 1} == await posted(caller, zoraide(updatedAt="2100-01-01T00:00:00Z"))
