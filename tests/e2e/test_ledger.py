"""The ledger of a running Portico, as `portico status` shows it."""

import asyncio
import json
import os
import random
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from cli.status import LedgerLine, read_status
from domain.records import Outcome
from messaging.amqp import AmqpQueue
from storage.driver import open_database
from tests.support.load import Load
from tests.support.portico import COMMAND, client_of
from tests.support.rabbitmq import RabbitNode
from tests.support.stacks import Stack, production_stack

PATIENCE = 45.0
_SEVERAL_GRACES = 4.0
"""Seconds."""
Lines = list[LedgerLine]


@pytest.fixture
async def impatient(tmp_path: Path, rabbitmq_session: RabbitNode, mongodb_url: str) -> AsyncIterator[Stack]:
    """A stack of a test's own, as what is unexplained there stays; its bookkeeper waits but a second, and
    its breaker opens at five dead records and stays open."""
    name = f"portico_ledger_{uuid.uuid4().hex[:8]}"
    async with production_stack(
        tmp_path,
        amqp_url=rabbitmq_session.url,
        queue=name,
        mongodb_url=mongodb_url,
        database=name,
        PORTICO_LEDGER_GRACE_SECONDS="1",
        PORTICO_INGESTOR_BREAKER="0.5",
        PORTICO_INGESTOR_BREAKER_LEAST="5",
        PORTICO_INGESTOR_BREAKER_PAUSE="3600",
    ) as stack:
        yield stack
    async with open_database(mongodb_url, name) as database:
        await database.drop()


async def status(stack: Stack, *flags: str) -> tuple[int, str]:
    """What `portico status` exits with, and prints."""
    process = await asyncio.create_subprocess_exec(
        COMMAND,
        "status",
        "--admin-url",
        stack.ingestor.admin,
        *flags,
        env={name: value for name, value in os.environ.items() if not name.startswith("PORTICO_")},
        stdout=asyncio.subprocess.PIPE,
    )
    printed, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, printed.decode()


async def ledger(stack: Stack, until: Callable[[Lines], bool], tenant: str = "") -> Lines:
    """The lines of the ledger, of one tenant or of all, once they are as told."""
    lines: Lines = []
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                seen = (await read_status(stack.ingestor.admin)).ledger
                lines = [one for one in seen if tenant in ("", one.tenant)]
                if until(lines):
                    return lines
                await asyncio.sleep(0.1)
    except TimeoutError:
        pytest.fail(f"the ledger stays {lines}")


def is_settled(lines: Lines) -> bool:
    """Whether nothing is in flight, nor waits for a recount: a slow write outlives the impatient second."""
    return bool(lines) and not any(one.in_flight or one.unexplained for one in lines)


def balanced(line: LedgerLine) -> bool:
    """Whether the equation holds."""
    return line.accepted == sum(line.outcomes.values()) + line.in_flight + line.unexplained


async def outcomes_by_receipts(stack: Stack) -> Counter[str]:
    """Over all tenants."""
    async with open_database(stack.mongodb_url, stack.database) as database:
        receipts = await database.collection("receipts").find({})
    return sum((Counter(receipt["counts"]) for receipt in receipts), Counter())


async def test_the_ledger_balances_after_a_batch_and_after_kills(impatient: Stack) -> None:
    """Every outcome is in it, once, and nothing stays in flight or unexplained."""
    stack = impatient
    leads = [
        {"id": f"l-{n}", "source": "campaign", **({} if n % 33 == 0 else {"status": "new"})}
        for n in range(1000)
    ]
    async with client_of(stack.gateway.url, "acme") as client:
        answered, _ = await client.post(
            "/v1/customer/leads:ingest", {"leads": leads}, Prefer="handling=lenient, wait=20"
        )
    assert answered < 300
    [line] = await ledger(stack, is_settled)
    assert dict.fromkeys(Outcome, 0) | {"created": 969, "dead": 31} == line.outcomes
    assert (1000, 0) == (line.accepted, line.unexplained)
    code, printed = await status(stack, "--json")
    assert (0, [asdict(line)]) == (code, json.loads(printed)["ledger"])

    async with Load(stack.gateway.url, random.randrange(2**32)) as load:
        for process in (stack.ingestor, stack.gateway, stack.ingestor):
            await load.acknowledges(150)
            await process.kill()
            await process.start()
        await load.acknowledges(50)
    least = 1000 + load.ledger.acknowledged

    def has_all(lines: Lines) -> bool:
        return sum(sum(one.outcomes.values()) for one in lines) >= least and is_settled(lines)

    lines = await ledger(stack, has_all)
    assert all(map(balanced, lines))
    shown: Counter[str] = sum((Counter(line.outcomes) for line in lines), Counter())
    assert await outcomes_by_receipts(stack) == shown


async def test_what_the_ingestor_holds_is_on_its_way(impatient: Stack, tenant: str) -> None:
    """Its breaker is open, and all that waits was delivered to it: the queue is empty, and nothing lost."""
    stack = impatient
    async with client_of(stack.gateway.url, tenant) as client:

        async def post(*leads: dict[str, object]) -> None:
            answered, _ = await client.post(
                "/v1/customer/leads:ingest", {"leads": leads}, Prefer="handling=lenient"
            )
            assert 202 == answered

        bad: list[dict[str, object]] = [{"id": number} for number in range(8)]
        await post(*bad)
        await ledger(stack, is_settled, tenant)
        await post({"id": "held", "source": "campaign", "status": "new"})
    await ledger(stack, lambda lines: bool(lines[0].in_flight), tenant)
    until = time.monotonic() + _SEVERAL_GRACES
    while time.monotonic() < until:
        [line] = (await read_status(stack.ingestor.admin)).ledger
        assert (9, 1, 0) == (line.accepted, line.in_flight, line.unexplained)
        await asyncio.sleep(0.2)


async def test_what_was_lost_is_shown_and_stays(
    impatient: Stack, rabbitmq_session: RabbitNode, tenant: str
) -> None:
    """A message that somebody takes off the queue: the status says so, exits 1, and a log line tells."""
    stack = impatient
    await stack.ingestor.terminate()
    async with client_of(stack.gateway.url, tenant) as client:
        answered, _ = await client.post(
            "/v1/customer/leads:ingest", {"leads": [{"id": "l-1", "source": "campaign", "status": "new"}]}
        )
    assert 202 == answered
    queue = AmqpQueue(
        rabbitmq_session.url, name=stack.database, max_messages=1_000_000, max_bytes=4096 * 1024 * 1024
    )
    async with queue.consumer(10) as consumer:
        for delivery in await consumer.take(10, 1_000_000, 5):
            await delivery.ack()
    await stack.ingestor.start()

    [line] = await ledger(stack, lambda lines: bool(lines) and bool(lines[0].unexplained), tenant)

    assert (1, 0, 1) == (line.accepted, line.in_flight, line.unexplained)
    code, printed = await status(stack)
    assert 1 == code
    assert "unexplained" in printed
    assert "records_unexplained" in stack.ingestor.log()
