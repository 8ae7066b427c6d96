"""What must not take its neighbours with it: messages and records that end, break or escape the ingestor."""

import asyncio
import json
import sys
import uuid
from asyncio.subprocess import PIPE
from collections.abc import Sequence
from pathlib import Path

import aio_pika
import pytest

from domain.dead_letters.entities import Selection
from domain.receipts import DeadLetter, Receipt
from domain.records import Entity, Outcome, derived_id
from messaging.amqp import AmqpQueue
from messaging.envelope import MANIFEST, Ingestion, pack
from messaging.port import Message
from messaging.sqlite import SqliteQueue
from storage.store import Store
from tests.support.ingesting import (
    ATTEMPTS,
    DIED,
    ENDS_THE_PROCESS,
    FRAGILE,
    IDS,
    RAISES,
    ROOM,
    UNAPPLICABLE,
    ingesting,
)
from tests.support.load import lead
from tests.support.rabbitmq import RabbitNode

TENANT = "acme"
LEADS = "odp.v1.leads"
_WITHIN = 40.0


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the test's queue is."""
    return tmp_path / "queue.sqlite"


@pytest.fixture
def queue(file: Path) -> SqliteQueue:
    """The test's queue."""
    return SqliteQueue(file, max_messages=ROOM, max_bytes=ROOM)


def ingestion(number: int, body: bytes | None = None, operation: str = LEADS) -> Ingestion:
    """An accepted request, of one lead unless told."""
    return Ingestion(
        id=IDS.derive(TENANT, str(number)),
        operation=operation,
        tenant=TENANT,
        body=body or json.dumps({"lead": lead(number)}).encode(),
        principal="load",
        accepted_at=1_770_000_000_000 + number,
        records=1,
    )


async def publish(queue: SqliteQueue, *messages: Message) -> None:
    """Put messages on the queue, in this order."""
    async with queue.publisher() as publisher:
        for message in messages:
            await publisher.publish(message, 10.0)


async def receipts_of(store: Store, ids: Sequence[str]) -> list[Receipt]:
    """The receipts of all, once they are there."""
    async with asyncio.timeout(_WITHIN):
        while True:
            found = await store.receipts.get_many(ids)
            if len(found) == len(ids):
                return [found[id] for id in ids]
            await asyncio.sleep(0.05)


async def letters_of(store: Store, count: int = 1) -> list[DeadLetter]:
    """All dead letters, once there are `count`."""
    async with asyncio.timeout(_WITHIN):
        while True:
            page = await store.kept_letters.page(Selection(), after=None, limit=100)
            found = [kept.letter for kept in page]
            if len(found) >= count:
                return found
            await asyncio.sleep(0.05)


async def stored_leads(store: Store, numbers: Sequence[int]) -> set[str]:
    """The sender's ids of those of the leads that are stored."""
    ids = [derived_id(Entity.LEAD, TENANT, f"lead-{number}") for number in numbers]
    found = await store.records.get_many(Entity.LEAD, ids)
    return {one.fields["lead_id"] for one in found.values()}


async def assert_settled(queue: SqliteQueue) -> None:
    """Nothing is left to deliver."""
    async with queue.consumer(100) as consumer:
        assert [] == await consumer.take(100, ROOM, 0.1)


async def run_until_receipts(
    file: Path, mongodb_url: str, store: Store, database: str, ids: list[str]
) -> int:
    """Run an ingestor, and another when it dies, until all have receipts; how many died."""
    deaths = 0
    async with asyncio.timeout(_WITHIN):
        while True:
            child = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.support.ingesting", str(file), mongodb_url, database),
                stdin=PIPE,
            )
            assert child.stdin is not None
            done = asyncio.create_task(receipts_of(store, ids))
            died = asyncio.create_task(child.wait())
            try:
                await asyncio.wait({done, died}, return_when=asyncio.FIRST_COMPLETED)
                if done.done():
                    child.stdin.close()
                    assert 0 == await died
                    return deaths
                assert DIED == died.result()
                deaths += 1
            finally:
                done.cancel()
                if child.returncode is None:
                    child.kill()
                    await died


async def test_a_message_that_ends_the_ingestor(
    queue: SqliteQueue, file: Path, store: Store, mongodb_url: str, database_name: str
) -> None:
    """After its attempts it is a dead letter, as it was sent; all that travelled with it is stored."""
    poison = ingestion(0, ENDS_THE_PROCESS)
    neighbours = [ingestion(number) for number in range(1, 8)]
    await publish(queue, *(pack([one]) for one in [poison, *neighbours]))
    ids = [one.id for one in [poison, *neighbours]]

    deaths = await run_until_receipts(file, mongodb_url, store, database_name, ids)

    # The first time it is one of many, and nobody knows which of them it was.
    assert 1 + ATTEMPTS == deaths
    receipt, *others = await receipts_of(store, ids)
    assert [{Outcome.CREATED: 1}] * 7 == [_nonzero(one) for one in others]
    assert {Outcome.DEAD: 1} == _nonzero(receipt)
    assert {f"lead-{number}" for number in range(1, 8)} == await stored_leads(store, range(8))
    [letter] = await letters_of(store)
    assert ("ATTEMPTS_EXHAUSTED", "delivery", None) == (letter.code, letter.stage, letter.index)
    assert (ENDS_THE_PROCESS, LEADS, TENANT, poison.id) == (
        letter.body,
        letter.operation,
        letter.tenant,
        letter.ingestion_id,
    )
    assert len(letter.attempted_at) == letter.attempts > ATTEMPTS
    assert sorted(letter.attempted_at) == list(letter.attempted_at)
    assert letter.attempted_at[-1] <= letter.first_seen
    await assert_settled(queue)


async def test_a_shared_message_that_ends_the_ingestor(
    queue: SqliteQueue, file: Path, store: Store, mongodb_url: str, database_name: str
) -> None:
    """Of several ingestions in one message, the one alone becomes a dead letter."""
    together = [ingestion(1), ingestion(2, ENDS_THE_PROCESS), ingestion(3)]
    await publish(queue, pack(together))
    ids = [one.id for one in together]

    await run_until_receipts(file, mongodb_url, store, database_name, ids)

    assert {"lead-1", "lead-3"} == await stored_leads(store, range(4))
    [letter] = await letters_of(store)
    assert ("ATTEMPTS_EXHAUSTED", together[1].id) == (letter.code, letter.ingestion_id)
    await assert_settled(queue)


async def test_a_body_whose_decoding_raises(queue: SqliteQueue, store: Store) -> None:
    """A bug of ours: a dead letter for it, and its neighbours are stored."""
    bad, good = ingestion(1, RAISES), ingestion(2)
    await publish(queue, pack([bad, good]))

    async with ingesting(queue, store, FRAGILE):
        receipts = await receipts_of(store, [bad.id, good.id])

    assert [{Outcome.DEAD: 1}, {Outcome.CREATED: 1}] == [_nonzero(one) for one in receipts]
    [letter] = await letters_of(store)
    assert ("INTERNAL_ERROR", "decode", RAISES, bad.id) == (
        letter.code,
        letter.stage,
        letter.body,
        letter.ingestion_id,
    )
    await assert_settled(queue)


async def test_a_record_that_nothing_can_apply(queue: SqliteQueue, store: Store) -> None:
    """A bug of ours: that record alone is dead, those beside it in the body and the message are stored."""
    bad = {**lead(2), "note": UNAPPLICABLE}
    batch = ingestion(1, json.dumps({"leads": [lead(1), bad, lead(3)]}).encode())
    other = ingestion(4)
    await publish(queue, pack([batch, other]))

    async with ingesting(queue, store, FRAGILE):
        receipts = await receipts_of(store, [batch.id, other.id])

    assert [{Outcome.CREATED: 2, Outcome.DEAD: 1}, {Outcome.CREATED: 1}] == [
        _nonzero(one) for one in receipts
    ]
    assert {"lead-1", "lead-3", "lead-4"} == await stored_leads(store, range(5))
    [letter] = await letters_of(store)
    assert ("INTERNAL_ERROR", "write", 1) == (letter.code, letter.stage, letter.index)
    assert bad == json.loads(letter.body)
    await assert_settled(queue)


@pytest.mark.parametrize(
    "headers",
    [
        {MANIFEST: "no manifest"},
        {MANIFEST: '[{"length": 3}]'},
        {"portico-operation": LEADS},
        {"portico-operation": LEADS, "portico-tenant": "no tenant's name"},
        {"portico-tenant": TENANT},
        {"portico-operation": LEADS, "portico-tenant": TENANT, "portico-accepted-at": "yesterday"},
    ],
)
async def test_a_message_that_breaks_the_contract(
    queue: SqliteQueue, store: Store, headers: dict[str, str]
) -> None:
    """A dead letter of no tenant, as it came; its neighbours are stored."""
    await publish(queue, Message(headers, b"body"), pack([ingestion(1)]))

    async with ingesting(queue, store):
        await receipts_of(store, [ingestion(1).id])
        [letter] = await letters_of(store)

    assert ("UNDECODABLE_MESSAGE", "", b"body", headers) == (
        letter.code,
        letter.tenant,
        letter.body,
        dict(letter.headers),
    )
    await assert_settled(queue)


async def test_an_operation_that_nobody_knows(queue: SqliteQueue, store: Store) -> None:
    """A dead letter of its tenant, and a receipt; its neighbours are stored."""
    unknown = ingestion(1, b"{}", operation="odp.v9.leads")
    await publish(queue, pack([unknown, ingestion(2)]))

    async with ingesting(queue, store):
        receipts = await receipts_of(store, [unknown.id, ingestion(2).id])

    assert [{Outcome.DEAD: 1}, {Outcome.CREATED: 1}] == [_nonzero(one) for one in receipts]
    [letter] = await letters_of(store)
    assert ("UNKNOWN_OPERATION", TENANT, b"{}") == (letter.code, letter.tenant, letter.body)
    await assert_settled(queue)


async def test_messages_of_another_producer(rabbitmq: RabbitNode, store: Store) -> None:
    """Flat headers on the exchange, as docs/message-contract.md says: stored once, with a receipt."""
    name = f"foreign-{uuid.uuid4().hex[:8]}"
    queue = AmqpQueue(rabbitmq.url, name=f"{name}.ingestions", max_messages=ROOM, max_bytes=ROOM)
    async with ingesting(queue, store):
        async with await aio_pika.connect(rabbitmq.url) as connection:
            channel = await connection.channel()
            exchange = await channel.get_exchange(f"{name}.ingest")
            for number, message_id in ((1, "one"), (1, "one"), (2, "two")):
                await exchange.publish(
                    aio_pika.Message(
                        json.dumps({"lead": lead(number)}).encode(),
                        headers={"portico-operation": LEADS, "portico-tenant": TENANT},
                        message_id=message_id,
                        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
                    ),
                    routing_key="whatever",
                )
        ids = [IDS.derive(TENANT, "message", LEADS, message_id) for message_id in ("one", "two")]
        receipts = await receipts_of(store, ids)

    assert [{Outcome.CREATED: 1}] * 2 == [_nonzero(one) for one in receipts]
    assert {"lead-1", "lead-2"} == await stored_leads(store, range(3))
    assert [] == await letters_of(store, 0)


def _nonzero(receipt: Receipt) -> dict[Outcome, int]:
    return {outcome: count for outcome, count in receipt.counts.items() if count}
