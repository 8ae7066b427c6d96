"""What the SQLite queue promises beyond the contract: across processes, and under kill -9."""

import asyncio
import os
import resource
import signal
import stat
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from domain.errors import QueueFullError, QueueUnavailableError
from messaging.port import Message, Publisher
from messaging.sqlite import SqliteQueue
from tests.messaging.benches import ROOM, SqliteBench, ack_all, bodies, collect

ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def child(role: str, path: Path, lease: float = 60.0) -> AsyncIterator[Process]:
    """A process that publishes to or consumes from the file, killed at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.messaging.child", role, str(path), str(lease),
        cwd=ROOT, stdin=PIPE, stdout=PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def line_of(process: Process) -> str:
    """The next line that the process prints."""
    assert process.stdout is not None
    async with asyncio.timeout(20):
        return (await process.stdout.readline()).decode().strip()


async def test_a_killed_publisher_loses_nothing_confirmed(sqlite_bench: SqliteBench) -> None:
    """kill -9 under load: another process receives every message that was confirmed, once."""
    received: list[bytes] = []
    confirmed: list[int] = []
    async with sqlite_bench.queue().consumer(1000) as consumer:
        async with child("publish", sqlite_bench.path) as process:
            while len(confirmed) < 1000:
                confirmed.append(int(await line_of(process)))
                if len(confirmed) % 100 == 0:
                    taken = await consumer.take(50, ROOM, 5.0)
                    received += bodies(taken)
                    await ack_all(taken)
            process.kill()
            while line := await line_of(process):
                confirmed.append(int(line))
        while taken := await consumer.take(1000, ROOM, 0.3):
            received += bodies(taken)
            await ack_all(taken)
    assert len(received) == len(set(received))
    assert {b"%d" % number for number in confirmed} <= set(received)


async def test_a_killed_consumers_messages_come_back_at_once(sqlite_bench: SqliteBench) -> None:
    """kill -9 of a consumer does not make its messages wait for their lease of a minute."""
    queue = sqlite_bench.queue()
    async with queue.publisher() as publisher, child("consume", sqlite_bench.path) as process:
        for number in range(20):
            await publisher.publish(Message({}, b"%d" % number), 10)
        held = int(await line_of(process))
        async with queue.consumer(100) as consumer:
            rest = [] if held == 20 else await collect(consumer, 20 - held)
            assert [] == list(await consumer.take(100, ROOM, 0.2))
            process.kill()
            start = time.monotonic()
            again = await collect(consumer, held)
            elapsed = time.monotonic() - start
            await ack_all([*rest, *again])
    assert elapsed < 3.0
    assert all(delivery.redelivered for delivery in again)


async def test_a_consumer_that_opens_frees_what_the_dead_held(sqlite_bench: SqliteBench) -> None:
    """A restarted ingestor begins with what the killed one held, and its traces are removed."""
    queue = sqlite_bench.queue()
    async with queue.publisher() as publisher, child("consume", sqlite_bench.path) as process:
        await publisher.publish(Message({}, b"held"), 10)
        assert await line_of(process) == "1"
        process.kill()
        await process.wait()
    async with queue.consumer(10) as consumer:
        (delivery,) = await consumer.take(10, ROOM, 0)
        await delivery.ack()
    assert delivery.redelivered
    assert list(sqlite_bench.path.with_name("queue.db-owners").iterdir()) == []


async def test_a_frozen_consumer_loses_its_lease(sqlite_bench: SqliteBench) -> None:
    """A consumer that hangs is alive but does not renew; when it wakes its ack settles nothing."""
    queue = sqlite_bench.queue(lease=1.0)
    async with queue.publisher() as publisher, child("consume", sqlite_bench.path, 1.0) as process:
        await publisher.publish(Message({}, b"held"), 10)
        assert await line_of(process) == "1"
        process.send_signal(signal.SIGSTOP)
        async with queue.consumer(10) as consumer:
            (first,) = await collect(consumer, 1, within=5)
            process.send_signal(signal.SIGCONT)
            assert process.stdin is not None
            process.stdin.write(b"go on\n")
            assert await line_of(process) == "settled"
            await first.release()
            (second,) = await collect(consumer, 1, within=5)
            await second.ack()
    assert (True, b"held") == (second.redelivered, second.message.body)


async def test_a_held_delivery_keeps_its_lease(sqlite_bench: SqliteBench) -> None:
    """A delivery may be held for longer than a lease: its consumer renews it."""
    queue = sqlite_bench.queue(lease=0.5)
    async with queue.publisher() as publisher, queue.consumer(10) as holder:
        await publisher.publish(Message({}, b"held"), 10)
        (delivery,) = await collect(holder, 1)
        async with sqlite_bench.queue(lease=0.5).consumer(10) as other:
            assert [] == list(await other.take(10, ROOM, 1.5))
        await delivery.ack()
    assert await queue.depth() == 0


async def publish_on(publisher: Publisher, confirmed: list[bytes]) -> None:
    """Publish 100 kB after 100 kB, and note what was confirmed, until it raises."""
    while True:
        body = os.urandom(100_000)
        await publisher.publish(Message({}, body), 10)
        confirmed.append(body)


async def test_a_full_disk_refuses_and_recovers(sqlite_bench: SqliteBench) -> None:
    """A file that cannot grow makes publishes unavailable, not lost; with room again they go on."""
    queue = sqlite_bench.queue()
    confirmed: list[bytes] = []
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    async with queue.publisher() as publisher:
        await publisher.publish(Message({}, b"before"), 10)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, limit[1]))
        try:
            with pytest.raises(QueueUnavailableError) as caught:
                await publish_on(publisher, confirmed)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        await publisher.publish(Message({}, b"after"), 10)
    assert not isinstance(caught.value, QueueFullError)
    async with queue.consumer(1000) as consumer:
        deliveries = await collect(consumer, len(confirmed) + 2)
        assert [] == list(await consumer.take(10, ROOM, 0.1))
        await ack_all(deliveries)
    assert [b"before", *confirmed, b"after"] == bodies(deliveries)


async def test_a_file_that_cannot_be_opened_is_unavailable(tmp_path: Path) -> None:
    """What is no database, and what is no file, are told at the opening."""
    text = tmp_path / "text.db"
    text.write_text("this is not a database, however long one looks at it" * 10)
    for path in (text, tmp_path):
        with pytest.raises(QueueUnavailableError):
            async with SqliteQueue(path, max_messages=1, max_bytes=1).publisher():
                pass


async def test_processes_that_come_and_go_harm_nothing(sqlite_bench: SqliteBench) -> None:
    """A file in use stays whole while others in this process and elsewhere open and close it.

    POSIX drops a process's locks on a file as soon as it closes any descriptor of it; a queue that
    did so would let a visitor take itself for the last user and remove what is still written to.
    """
    async with sqlite_bench.queue().publisher() as publisher:
        await publisher.publish(Message({}, b"first"), 10)
        async with sqlite_bench.queue().publisher():
            pass
        async with child("publish_one", sqlite_bench.path) as process:
            assert await process.wait() == 0
        await publisher.publish(Message({}, b"last"), 10)
        async with child("consume", sqlite_bench.path) as process:
            seen = await line_of(process)
    assert seen == "3"


async def test_only_its_owner_can_read_the_file(sqlite_bench: SqliteBench) -> None:
    """Bodies are personal data."""
    async with sqlite_bench.queue().publisher() as publisher:
        await publisher.publish(Message({}, b"private"), 10)
        modes = {stat.S_IMODE(file.stat().st_mode) for file in sqlite_bench.path.parent.glob("queue.db*")}
    assert modes == {0o600}
