"""The broker is away and the gateway has a spool: it goes on accepting, and nothing of it is lost."""

import asyncio
import random
from pathlib import Path
from typing import Any

import aiohttp

from tests.support.load import Load
from tests.support.oracle import findings_of
from tests.support.portico import PorticoProcess
from tests.support.proxy import Proxy
from tests.support.rabbitmq import RabbitNode
from tests.support.stacks import production_stack

_PATIENCE = 30.0


async def test_accepted_without_broker_and_stored_when_it_is_back(
    tmp_path: Path, rabbitmq: RabbitNode, mongodb_url: str, database_name: str
) -> None:
    """Under load the broker goes, the gateway is killed (-9), starts without a broker, and gets it back."""
    async with (
        Proxy(rabbitmq.port) as broker,
        production_stack(
            tmp_path,
            amqp_url=f"amqp://guest:guest@127.0.0.1:{broker.port}/",
            queue=database_name,
            mongodb_url=mongodb_url,
            database=database_name,
            PORTICO_SPOOL_BYTES="100000000",
        ) as stack,
    ):
        gateway = stack.gateway
        async with Load(gateway.url, random.randrange(2**32)) as load:
            await load.acknowledges(100)
            await broker.refuse()
            await load.acknowledges(100)
            await gateway.kill()
            await gateway.start()
            assert {"spool": "spooling"} == (await _readiness(gateway))["details"]
            await asyncio.gather(_assert_alone(gateway), load.acknowledges(100))
            assert await _spooled(gateway) > 0
            broker.admit()
            await _until_forwarded(gateway)
            await load.acknowledges(100)

        findings = await findings_of(load, gateway.url, mongodb_url, database_name)

    findings.assert_clean()


async def _readiness(gateway: PorticoProcess) -> dict[str, Any]:
    async with aiohttp.ClientSession() as session, session.get(f"{gateway.admin}/readyz") as answer:
        assert 200 == answer.status
        found: dict[str, Any] = await answer.json()
        return found


async def _spooled(gateway: PorticoProcess) -> float:
    async with aiohttp.ClientSession() as session, session.get(f"{gateway.admin}/metrics") as answer:
        lines = (await answer.text()).splitlines()
    (sample,) = (line for line in lines if line.startswith("portico_spool_messages "))
    return float(sample.split()[1])


async def _until_forwarded(gateway: PorticoProcess) -> None:
    async with asyncio.timeout(_PATIENCE):
        while True:
            if (await _readiness(gateway))["details"] == {"spool": "empty"}:
                return
            await asyncio.sleep(0.05)


async def _assert_alone(gateway: PorticoProcess) -> None:
    """A second gateway with the same data directory does not start, and says why."""
    second = PorticoProcess("gateway", gateway.home, gateway.environment)
    await second.start(ready=False)
    try:
        assert second.process is not None
        async with asyncio.timeout(_PATIENCE):
            assert 2 == await second.process.wait()
    finally:
        await second.close()
    assert "needs a data directory of its own" in gateway.log()
