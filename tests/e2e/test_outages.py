"""MongoDB or the broker is away: what can go on goes on, what cannot says so, nothing is given up."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from storage.driver import open_database
from tests.support.load import Load, customer
from tests.support.oracle import findings_of
from tests.support.portico import Client, client_of
from tests.support.proxy import Proxy
from tests.support.rabbitmq import RabbitNode
from tests.support.stacks import Stack, production_stack

INGEST = "/v1/customer/customers:ingest"
PUBLISH_TIMEOUT = 2.0

Document = dict[str, Any]


@dataclass
class Trouble:
    """A production stack, and what stands between it and its servers."""

    stack: Stack
    client: Client
    broker: Proxy
    mongodb: Proxy
    mongodb_url: str
    """Of the server itself."""

    async def stored(self, collection: str, **filter: str) -> list[Document]:
        """What the store has."""
        async with open_database(self.mongodb_url, self.stack.database, driver="pymongo") as database:
            return await database.collection(collection).find(filter)

    async def post(self, number: int, **headers: str) -> tuple[int, Document, str | None]:
        """Post a customer; the status, the body and `Retry-After`."""
        client = self.client
        headers = {"Authorization": f"Bearer {client.token}", **headers}
        body = {"customer": customer(number, 1)}
        async with client.session.post(client.url + INGEST, json=body, headers=headers) as answer:
            return answer.status, await answer.json(), answer.headers.get("Retry-After")


@pytest.fixture
async def trouble(
    tmp_path: Path, rabbitmq: RabbitNode, mongodb_url: str, database_name: str, tenant: str
) -> AsyncIterator[Trouble]:
    """A stack of the test's own, with a proxy before each server."""
    port = int(mongodb_url.partition("127.0.0.1:")[2].partition("/")[0])
    async with (
        Proxy(rabbitmq.port) as broker,
        Proxy(port) as mongodb,
        production_stack(
            tmp_path,
            amqp_url=f"amqp://guest:guest@127.0.0.1:{broker.port}/",
            queue=database_name,
            mongodb_url=f"mongodb://127.0.0.1:{mongodb.port}/?directConnection=true",
            database=database_name,
            PORTICO_PUBLISH_TIMEOUT=str(PUBLISH_TIMEOUT),
        ) as stack,
        client_of(stack.gateway.url, tenant) as client,
    ):
        yield Trouble(stack, client, broker, mongodb, mongodb_url)


@asynccontextmanager
async def _away(proxy: Proxy, how: str) -> AsyncIterator[None]:
    """Within it, what is behind `proxy` refuses every connection, or hangs on all of them."""
    if how == "refused":
        await proxy.refuse()
    else:
        proxy.pause()
    try:
        yield
    finally:
        proxy.admit()
        proxy.resume()


def _assert_unavailable(answer: Document) -> None:
    error = answer["error"]
    assert ("SERVICE_UNAVAILABLE", True) == (error["code"], error["retryable"])
    assert {"code", "message", "retryable", "timestamp"} <= error.keys()


@pytest.mark.parametrize("how", ["refused", "frozen"])
async def test_mongodb_away(trouble: Trouble, how: str) -> None:
    """202 all the while; who asks for a receipt hears 503 or, if he waits, `queued`; then all is stored."""
    client = trouble.client
    async with Load(client.url, random.randrange(2**32)) as load:
        await load.acknowledges(100)
        async with _away(trouble.mongodb, how):
            await load.acknowledges(300)
            assert not load.ledger.unknown
            status, answer, _ = await trouble.post(1)
            assert 202 == status
            receipt = f"/v1/ingestions/{answer['correlationId']}"
            assert (200, {"correlationId": answer["correlationId"], "status": "queued"}) == await client.get(
                receipt, Prefer="wait=1"
            )
            if how == "refused":
                status, answer = await client.get(receipt)
                assert 503 == status
                _assert_unavailable(answer)
                status, answer = await client.get("/v1/customer/customers")
                assert 503 == status
                _assert_unavailable(answer)
        await load.acknowledges(100)

    findings = await findings_of(load, client.url, trouble.mongodb_url, trouble.stack.database)
    findings.assert_clean()
    assert 0 == findings.recovered
    status, answer = await client.get(receipt, Prefer="wait=20")
    assert (200, "done") == (status, answer["status"])


@pytest.mark.parametrize("how", ["refused", "frozen"])
async def test_the_broker_away(trouble: Trouble, tenant: str, how: str) -> None:
    """503 in time and reads as ever; the same request again, with its key, is applied once."""
    key = {"Idempotency-Key": "the-same"}
    await trouble.post(1, Prefer="wait=20")

    async with _away(trouble.broker, how):
        begun = time.monotonic()
        status, answer, retry_after = await trouble.post(2, **key)
        took = time.monotonic() - begun
        assert (503, "1") == (status, retry_after)
        _assert_unavailable(answer)
        assert took < PUBLISH_TIMEOUT + 1
        assert (200, {"customers": [customer(1, 1)]}) == await trouble.client.get("/v1/customer/customers")

    first = await _until_accepted(trouble, key)
    again, answer, _ = await trouble.post(2, Prefer="wait=20", **key)
    assert (202, first) == (again, answer["correlationId"])
    assert 1 == answer["receipt"]["counts"]["created"]
    assert [1, 1] == [one["revision"] for one in await trouble.stored("customers", tenant=tenant)]
    assert 2 == len(await trouble.stored("receipts", tenant=tenant))
    assert [] == await trouble.stored("dead_letters")


async def _until_accepted(trouble: Trouble, key: dict[str, str]) -> str:
    """Try again as a client does; the ingestion id."""
    async with asyncio.timeout(30):
        while True:
            status, answer, _ = await trouble.post(2, **key)
            if status == 202:
                return str(answer["correlationId"])
            assert 503 == status
            await asyncio.sleep(0.1)
