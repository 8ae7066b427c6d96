"""The breaker of the dead-lettering as an operator meets it, on a running Portico."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest

from cli.status import read_status
from tests.cli.test_commands import run
from tests.support.odp_v1_bodies import example
from tests.support.portico import Client
from tests.support.stacks import Stack, embedded_stack, logged
from tests.support.tokens import minted

OPEN = "portico_ingestor_breaker_open"


@pytest.fixture
async def breaking(tmp_path: Path) -> AsyncIterator[Stack]:
    """A Portico that bears half of its records to die, of five at least, and tries again in an hour."""
    async with embedded_stack(
        tmp_path,
        PORTICO_INGESTOR_BREAKER="0.5",
        PORTICO_INGESTOR_BREAKER_LEAST="5",
        PORTICO_INGESTOR_BREAKER_PAUSE="3600",
    ) as stack:
        yield stack


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Return once it holds."""
    deadline = time.monotonic() + 30
    while not await holds():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)


async def test_an_operator_sees_why_nothing_is_taken_and_lets_it_go_on(
    breaking: Stack, tmp_path: Path
) -> None:
    """Told by readiness, status, metric, log and command; what waited is stored in the end."""
    async with aiohttp.ClientSession() as session:
        client = Client(session, breaking.gateway.url, minted())

        async def post(*customers: dict[str, object]) -> str:
            status, answer = await client.post(
                "/v1/customer/customers:ingest", {"customers": customers}, Prefer="handling=lenient"
            )
            assert 202 == status
            return str(answer["correlationId"])

        async def is_held() -> bool:
            details = (await read_status(breaking.gateway.admin)).details
            return "takes nothing from the queue" in details["ingestor"]

        bad: list[dict[str, object]] = [{"id": number} for number in range(8)]
        await post(example("customers"), *bad)
        await until(is_held)
        waiting = await post(example("customers", id="good"))
        status = await read_status(breaking.gateway.admin)
        assert status.ready
        assert "8 of 9 records became dead letters" in status.details["ingestor"]
        async with session.get(f"{breaking.gateway.admin}/metrics") as response:
            assert f"{OPEN} 1.0" in await response.text()
        opened = logged(breaking.ingestor, "breaker_opened")
        assert (9, 8, "error") == (opened["records"], opened["dead"], opened["level"])

        exit_status, out, err = await run(
            "dead-letters", "stopped", "--json", cwd=tmp_path, **breaking.beside
        )
        assert (1, "") == (exit_status, err)
        [stop] = json.loads(out)
        assert (9, 8, opened["ingestor"]) == (stop["records"], stop["dead"], stop["ingestor"])
        _, receipt = await client.get(f"/v1/ingestions/{waiting}")
        assert "queued" == receipt["status"]

        resume = ("dead-letters", "stopped", "--resume", "--actor", "ana")
        exit_status, out, err = await run(*resume, cwd=tmp_path, **breaking.beside)
        assert (0, "") == (exit_status, err)
        assert stop["ingestor"] in out
        _, receipt = await client.get(f"/v1/ingestions/{waiting}", Prefer="wait=30")
        assert "done" == receipt["status"]
        assert not await is_held()
