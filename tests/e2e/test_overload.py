"""Beyond a bound: an error that says when to come again, and nothing is lost by coming again (design §7)."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.portico import PorticoProcess, client_of
from tests.support.rabbitmq import RabbitNode
from tests.support.wire import Reply, ingest

LEAD = b'{"lead": {"id": "lead-%d", "source": "ads", "status": "new"}}'


@pytest.fixture
async def environment(rabbitmq: RabbitNode, mongodb_url: str, database_name: str) -> dict[str, str]:
    """RabbitMQ with a queue of the test's own, and a database."""
    return {
        "PORTICO_AMQP_URL": rabbitmq.url,
        "PORTICO_QUEUE_NAME": f"test-{uuid.uuid4().hex[:8]}.ingestions",
        "PORTICO_MONGODB_URL": mongodb_url,
        "PORTICO_MONGODB_DATABASE": database_name,
    }


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Any]:
    """Starts a process, which ends with the test."""
    started: list[PorticoProcess] = []

    async def begin(command: str, environment: dict[str, str]) -> PorticoProcess:
        process = PorticoProcess(command, tmp_path, environment)
        started.append(process)
        await process.start()
        return process

    yield begin
    for process in started:
        await process.close()


async def test_a_full_queue_refuses_and_the_retry_is_applied_once(
    environment: dict[str, str], start: Any
) -> None:
    """503 with Retry-After while nobody consumes; all of it, refused or not, is stored once in the end."""
    bounded = {**environment, "PORTICO_QUEUE_MAX_MESSAGES": "5"}
    gateway = await start("gateway", bounded)
    async with client_of(gateway.url) as client:
        replies: list[Reply] = []
        while len(replies) < 60 and not any(reply.status == 503 for reply in replies):
            number = len(replies)
            replies.append(await ingest(client, "leads", LEAD % number, Idempotency_Key=f"key-{number}"))

        refused = replies[-1]
        assert {} == refused.refused(503, "OVERLOADED")
        assert refused.error["retryable"] is True
        assert "1" == refused.headers["Retry-After"]
        assert {202} == {reply.status for reply in replies[:-1]}

        await start("ingestor", bounded)
        for number in range(len(replies)):
            headers = {"Idempotency_Key": f"key-{number}", "Prefer": "wait=30"}
            again = await ingest(client, "leads", LEAD % number, **headers)
            assert (202, 1) == (again.status, again.json["receipt"]["counts"]["created"])


async def test_a_tenant_beyond_its_rate_is_told_when_to_come_again(
    environment: dict[str, str], start: Any
) -> None:
    """429 with Retry-After for the one that floods; another tenant is served as ever, and at once.

    What is malformed counts too, and a refusal takes its time: asking again at once gains nothing.
    """
    gateway = await start("gateway", {**environment, "PORTICO_RATE_REQUESTS": "0.5"})
    async with client_of(gateway.url, "flood") as flood, client_of(gateway.url, "quiet") as quiet:
        malformed = await asyncio.gather(*(ingest(flood, "leads", b'{"leads": ') for _ in range(12)))
        begun = time.monotonic()
        flooding = asyncio.gather(*(ingest(flood, "leads", LEAD % number) for number in range(60)))
        await asyncio.sleep(0.1)
        assert 202 == (await ingest(quiet, "leads", LEAD % 0)).status
        assert not flooding.done()
        refused = [reply for reply in await flooding if reply.status != 202]
        assert time.monotonic() - begun > 0.5

    assert {400, 429} >= {reply.status for reply in malformed}
    assert len(refused) >= 58
    for reply in refused:
        reply.refused(429, "RATE_LIMITED")
        assert reply.error["retryable"] is True
        assert int(reply.headers["Retry-After"]) >= 1
