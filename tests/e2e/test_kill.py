"""kill -9 in the middle of a load: what was accepted is stored or dead, once, as it was sent."""

import asyncio
import json
import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.load import Load
from tests.support.oracle import findings_of
from tests.support.portico import PorticoProcess
from tests.support.rabbitmq import RabbitNode
from tests.support.stacks import embedded_stack, logged, production_stack

MORE = 150
"""Records acknowledged between two kills."""


@pytest.fixture
def seed() -> int:
    """Of the load and of the moments; follows from the seed that the test run prints."""
    return random.randrange(2**32)


@pytest.fixture
def own_rabbitmq() -> Iterator[RabbitNode]:
    """A node that nobody else uses."""
    with RabbitNode() as node:
        yield node


async def _in_the_middle(load: Load) -> None:
    await load.acknowledges(MORE)
    await asyncio.sleep(random.uniform(0, 0.3))


async def test_killing_portico_up(tmp_path: Path, seed: int) -> None:
    """Three times: gateway, queue, ingestor and, with its parent, the embedded MongoDB server."""
    async with embedded_stack(tmp_path) as stack:
        async with Load(stack.gateway.url, seed) as load:
            for _ in range(3):
                await _in_the_middle(load)
                await stack.gateway.kill()
                await stack.gateway.start()
            await _in_the_middle(load)

        url = str(logged(stack.gateway, "embedded_mongodb_started")["url"])
        findings = await findings_of(load, stack.gateway.url, url, stack.database)

    findings.assert_clean()
    assert findings.recovered


async def test_killing_the_embedded_mongodb(tmp_path: Path, seed: int) -> None:
    """The front door goes on without it; the ingestor waits until it is back."""
    async with embedded_stack(tmp_path) as stack:
        async with Load(stack.gateway.url, seed) as load:
            for _ in range(3):
                await _in_the_middle(load)
                pids = _mongodb_pids(stack.gateway)
                os.kill(pids[-1], signal.SIGKILL)
                await load.acknowledges(MORE)
                await _until_restarted(stack.gateway, pids)
            await _in_the_middle(load)

        findings = await findings_of(load, stack.gateway.url, stack.mongodb_url, stack.database)

    findings.assert_clean()


def _mongodb_pids(process: PorticoProcess) -> list[int]:
    """The embedded server's process ids, the present one last."""
    entries = [json.loads(line) for line in process.log().splitlines() if line.startswith("{")]
    events = {"embedded_mongodb_started", "embedded_mongodb_restarted"}
    return [entry["pid"] for entry in entries if entry.get("event") in events]


async def _until_restarted(process: PorticoProcess, pids: list[int]) -> None:
    async with asyncio.timeout(30):
        while True:
            if _mongodb_pids(process) != pids:
                return
            await asyncio.sleep(0.05)


async def test_killing_gateway_ingestor_and_broker(
    tmp_path: Path, own_rabbitmq: RabbitNode, mongodb_url: str, database_name: str, seed: int
) -> None:
    """Each twice, in any order."""
    async with production_stack(
        tmp_path,
        amqp_url=own_rabbitmq.url,
        queue="portico.ingestions",
        mongodb_url=mongodb_url,
        database=database_name,
    ) as stack:

        async def broker() -> None:
            await asyncio.to_thread(own_rabbitmq.kill)
            await asyncio.sleep(random.uniform(0, 1))
            await asyncio.to_thread(own_rabbitmq.start)

        async def gateway() -> None:
            await stack.gateway.kill()
            await stack.gateway.start()

        async def ingestor() -> None:
            await stack.ingestor.kill()
            await stack.ingestor.start()

        async with Load(stack.gateway.url, seed) as load:
            for kill in random.sample([broker, gateway, ingestor] * 2, 6):
                await _in_the_middle(load)
                await kill()
            await _in_the_middle(load)

        findings = await findings_of(load, stack.gateway.url, mongodb_url, database_name)

    findings.assert_clean()
    assert findings.recovered
