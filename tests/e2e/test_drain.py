"""SIGTERM: not ready any more, what is in flight is finished, nothing accepted is lost, all in time."""

import asyncio
import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.support.load import customer
from tests.support.portico import Client, PorticoProcess, client_of
from tests.support.proxy import Proxy
from tests.support.rabbitmq import RabbitNode
from tests.support.stacks import Stack, embedded_stack, logged, production_stack

INGEST = "/v1/customer/customers:ingest"
DRAIN = 1.0
CLOSING = 6.0
"""Seconds that the end of the process takes at most when it has not drained."""
BODY = {"customer": customer(1, 1)}


async def test_the_gateway_answers_what_is_in_flight(
    tmp_path: Path, rabbitmq: RabbitNode, mongodb_url: str, database_name: str, tenant: str
) -> None:
    """A request that waits for its confirm is told that it is accepted, and only then is the end."""
    async with (
        Proxy(rabbitmq.port) as broker,
        _production(tmp_path, broker.port, mongodb_url, database_name) as stack,
        client_of(stack.gateway.url, tenant) as client,
    ):
        broker.pause()
        posting = asyncio.create_task(client.post(INGEST, BODY))
        await _until(stack.gateway, "portico_gateway_in_flight_ingestions", 1.0)
        ending = asyncio.create_task(stack.gateway.terminate())
        await _unready(stack.gateway)
        assert not posting.done()
        broker.resume()

        status, answer = await posting
        assert (202, 0) == (status, await ending)
        await stack.gateway.start()
        assert {"created": 1} == await _outcome(client, answer["correlationId"])


async def test_portico_up_answers_what_is_in_flight(tmp_path: Path, tenant: str) -> None:
    """A request that waits for its outcome gets it: the ingestor ends after the front door."""
    async with (
        embedded_stack(tmp_path) as stack,
        client_of(stack.gateway.url, tenant) as client,
    ):
        with _Frozen(stack) as mongodb:
            posting = asyncio.create_task(client.post(INGEST, BODY, Prefer="wait=20"))
            await _until(stack.gateway, "portico_ingestor_deliveries_in_hand", 1.0)
            ending = asyncio.create_task(stack.gateway.terminate())
            await _unready(stack.gateway)
            assert not posting.done()
            mongodb.thaw()

            status, answer = await posting
            assert (202, "done") == (status, answer["receipt"]["status"])
            assert 0 == await ending


async def test_a_second_signal_ends_it_at_once(tmp_path: Path, tenant: str) -> None:
    """What was accepted is there when it is started again."""
    async with (
        embedded_stack(tmp_path) as stack,
        client_of(stack.gateway.url, tenant) as client,
    ):
        with _Frozen(stack):
            status, answer = await client.post(INGEST, BODY)
            assert 202 == status
            await _until(stack.gateway, "portico_ingestor_deliveries_in_hand", 1.0)
            ending = asyncio.create_task(stack.gateway.terminate())
            await _unready(stack.gateway)
            begun = time.monotonic()
            os.kill(stack.gateway.pid, signal.SIGTERM)

            assert 128 + signal.SIGTERM == await ending
            assert time.monotonic() - begun < 1

        await stack.gateway.start()
        assert {"created": 1} == await _outcome(client, answer["correlationId"])


@pytest.mark.parametrize("trouble", ["refused", "frozen"])
async def test_the_ingestor_ends_and_starts_without_mongodb(
    tmp_path: Path, rabbitmq: RabbitNode, mongodb_url: str, database_name: str, tenant: str, trouble: str
) -> None:
    """In time; what it had in hand goes back to the queue, and the next ingestor waits and stores it."""
    async with (
        Proxy(int(mongodb_url.partition("127.0.0.1:")[2].partition("/")[0])) as mongodb,
        _production(
            tmp_path,
            rabbitmq.port,
            f"mongodb://127.0.0.1:{mongodb.port}/?directConnection=true",
            database_name,
            PORTICO_DRAIN_SECONDS=str(DRAIN),
        ) as stack,
        client_of(stack.gateway.url, tenant) as client,
    ):
        if trouble == "refused":
            await mongodb.refuse()
        else:
            mongodb.pause()
        answers = [await client.post(INGEST, {"customer": customer(number, 1)}) for number in range(2)]
        await _until(stack.ingestor, "portico_ingestor_deliveries_in_hand", 2.0)

        begun = time.monotonic()
        await stack.ingestor.terminate()
        assert time.monotonic() - begun < DRAIN + CLOSING

        # One that starts while MongoDB is away waits for it.
        await stack.ingestor.start(ready=False)
        await _unready(stack.ingestor)
        mongodb.admit()
        mongodb.resume()
        await stack.ingestor.wait_ready()
        assert [{"created": 1}] * 2 == [
            await _outcome(client, answer["correlationId"]) for _, answer in answers
        ]


class _Frozen:
    """The embedded MongoDB server of a stack, stopped and not answering."""

    def __init__(self, stack: Stack) -> None:
        self._pid = int(str(logged(stack.gateway, "embedded_mongodb_started")["pid"]))

    def __enter__(self) -> "_Frozen":
        os.kill(self._pid, signal.SIGSTOP)
        return self

    def thaw(self) -> None:
        os.kill(self._pid, signal.SIGCONT)

    def __exit__(self, *_: object) -> None:
        try:
            self.thaw()
        except ProcessLookupError:
            return


def _production(home: Path, broker: int, mongodb_url: str, database: str, **environment: str) -> Any:
    return production_stack(
        home,
        amqp_url=f"amqp://guest:guest@127.0.0.1:{broker}/",
        queue=database,
        mongodb_url=mongodb_url,
        database=database,
        **environment,
    )


async def _until(process: PorticoProcess, metric: str, value: float) -> None:
    """Return when a metric of the process has `value`."""
    async with asyncio.timeout(20), aiohttp.ClientSession() as session:
        while True:
            async with session.get(f"{process.admin}/metrics") as answer:
                if f"{metric} {value}" in (await answer.text()).splitlines():
                    return
            await asyncio.sleep(0.02)


async def _unready(process: PorticoProcess) -> None:
    """Return when the process says that it is not ready, while it answers."""
    async with asyncio.timeout(10), aiohttp.ClientSession() as session:
        while True:
            with suppress(aiohttp.ClientConnectorError):
                async with session.get(f"{process.admin}/readyz") as answer:
                    if answer.status == 503:
                        return
            await asyncio.sleep(0.01)


async def _outcome(client: Client, ingestion_id: str) -> dict[str, int]:
    """The outcomes of an ingestion that has ended, or ends within 20 seconds."""
    status, receipt = await client.get(f"/v1/ingestions/{ingestion_id}", Prefer="wait=20")
    assert (200, "done") == (status, receipt["status"])
    return {outcome: count for outcome, count in receipt["counts"].items() if count}
