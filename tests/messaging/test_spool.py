"""The spool: what is accepted while the broker is away reaches it, whatever dies meanwhile."""

import asyncio
import os
import resource
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from domain.clock import system_clock
from domain.errors import MessageError, QueueFullError, QueueUnavailableError
from messaging.limits import MAX_BODY
from messaging.port import Message
from messaging.spool import Spool
from messaging.spool_file import open_spool_file
from tests.messaging.benches import ROOM, AmqpBench, ack_all, bodies, collect
from tests.messaging.spooling import open_spool

ROOT = Path(__file__).parents[2]
TIMEOUT = 2.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The spool's file."""
    return tmp_path / "spool" / "spool.sqlite"


def spooling(
    bench: AmqpBench, path: Path, *, max_bytes: int = ROOM, registry: CollectorRegistry | None = None
) -> AbstractAsyncContextManager[Spool]:
    """A spool before the bench's queue."""
    return open_spool(bench.queue(), path, max_bytes, registry or CollectorRegistry())


@asynccontextmanager
async def broker_away(bench: AmqpBench, spool: Spool) -> AsyncIterator[None]:
    """Within it every connection is refused, and the spool has noticed."""
    await bench.proxy.refuse()
    await until(lambda: spool.state() == "spooling")
    yield
    bench.proxy.admit()


async def until(condition: Callable[[], bool]) -> None:
    """Return once `condition` holds; fails after twenty seconds."""
    async with asyncio.timeout(20):
        while True:
            if condition():
                return
            await asyncio.sleep(0.02)


async def publish(spool: Spool, numbers: range) -> list[bytes]:
    """Publish numbers one after another; the bodies."""
    sent = [b"%d" % number for number in numbers]
    for body in sent:
        await spool.publish(Message({"portico-operation": "odp.v1.leads"}, body), TIMEOUT)
    return sent


async def received(bench: AmqpBench, count: int) -> list[bytes]:
    """The next `count` bodies from the broker, in order."""
    async with bench.queue().consumer(1000) as consumer:
        deliveries = await collect(consumer, count)
        await ack_all(deliveries)
        return bodies(deliveries)


def value(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    """A sample of the spool's."""
    return registry.get_sample_value(f"portico_spool_{name}", labels)


async def test_with_the_broker_there_nothing_is_spooled(amqp_bench: AmqpBench, path: Path) -> None:
    """Straight to the broker, or refused as the broker refuses it: a full queue is not an outage."""
    registry = CollectorRegistry()
    queue = amqp_bench.queue(max_messages=1)
    async with open_spool(queue, path, ROOM, registry) as spool:
        sent = await publish(spool, range(1))
        with pytest.raises(QueueFullError):
            await publish(spool, range(100))
        with pytest.raises(MessageError):
            await spool.publish(Message({}, b"x" * (MAX_BODY + 1)), TIMEOUT)
        assert ("empty", True) == (spool.state(), spool.is_ready())
        async with queue.consumer(100) as consumer:
            deliveries = await collect(consumer, 1)
            await ack_all(deliveries)
    assert 0 == value(registry, "spooled_messages_total")
    assert sent == bodies(deliveries)[:1]


async def test_what_came_while_the_broker_was_away_is_forwarded_in_order(
    amqp_bench: AmqpBench, path: Path
) -> None:
    """Accepted and ready all the while, counted, forwarded oldest first; then straight again."""
    registry = CollectorRegistry()
    async with spooling(amqp_bench, path, registry=registry) as spool:
        async with broker_away(amqp_bench, spool):
            sent = await publish(spool, range(200))
            assert spool.is_ready()
            assert [200, 200, 0] == [
                value(registry, name)
                for name in ("messages", "spooled_messages_total", "forwarded_messages_total")
            ]
            age, size = value(registry, "oldest_seconds"), value(registry, "bytes")
            assert age is not None
            assert size is not None
            assert 0 < age < 60
            assert sum(map(len, sent)) < size < ROOM
            assert ROOM == value(registry, "bound_bytes")
        await until(lambda: spool.state() == "empty")
        sent += await publish(spool, range(200, 210))
        await until(lambda: value(registry, "messages") == 0)
    assert [0, 0, 200, 200] == [
        value(registry, name)
        for name in ("oldest_seconds", "bytes", "spooled_messages_total", "forwarded_messages_total")
    ]
    assert sent == await received(amqp_bench, 210)


async def test_a_broker_that_falls_silent_is_away(amqp_bench: AmqpBench, path: Path) -> None:
    """What it does not confirm goes to the spool within the time of a publish, and may come twice."""
    async with spooling(amqp_bench, path) as spool:
        amqp_bench.proxy.pause()
        sent = await publish(spool, range(5))
        amqp_bench.proxy.resume()
        await until(lambda: spool.state() == "empty")
    async with amqp_bench.queue().consumer(1000) as consumer:
        deliveries = await collect(consumer, len(sent))
        deliveries += await consumer.take(1000, ROOM, 0.3)
        await ack_all(deliveries)
    assert set(sent) == set(bodies(deliveries))


async def test_beyond_its_bound_it_refuses(amqp_bench: AmqpBench, path: Path) -> None:
    """Full, not ready, and nothing kept of what was refused; ready again when some has left."""
    registry = CollectorRegistry()
    async with spooling(amqp_bench, path, max_bytes=1500, registry=registry) as spool:
        async with broker_away(amqp_bench, spool):
            sent = await publish(spool, range(10))
            with pytest.raises(QueueFullError):
                await spool.publish(Message({}, b"x" * 1000), TIMEOUT)
            assert ("full", False) == (spool.state(), spool.is_ready())
            assert (1, 10) == (
                value(registry, "refused_messages_total", reason="full"),
                value(registry, "messages"),
            )
        await until(lambda: spool.state() == "empty")
        sent += await publish(spool, range(10, 11))
    assert sent == await received(amqp_bench, 11)


async def test_a_full_queue_makes_it_wait(amqp_bench: AmqpBench, path: Path) -> None:
    """What is refused is forwarded later; what comes meanwhile is spooled behind it."""
    registry = CollectorRegistry()
    queue = amqp_bench.queue(max_messages=2)
    async with open_spool(queue, path, ROOM, registry) as spool:
        async with broker_away(amqp_bench, spool):
            sent = await publish(spool, range(300))
        await until(lambda: (value(registry, "forwarded_messages_total") or 0) > 1)
        sent += await publish(spool, range(300, 302))
        assert ("forwarding", True) == (spool.state(), spool.is_ready())
        async with queue.consumer(1000) as consumer:
            deliveries = await collect(consumer, len(sent))
            await ack_all(deliveries)
    assert set(sent) == set(bodies(deliveries))


@contextmanager
def full_disk(room: int) -> Iterator[None]:
    """No file grows beyond `room` bytes."""
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, limit[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)


async def test_a_full_disk_refuses_and_holds_nothing_back(amqp_bench: AmqpBench, path: Path) -> None:
    """What it kept is forwarded though nothing can be written; then it goes straight, and on a disk with
    room it spools again."""
    registry = CollectorRegistry()
    confirmed: list[bytes] = []
    async with spooling(amqp_bench, path, registry=registry) as spool:
        with full_disk(1 << 20):
            async with broker_away(amqp_bench, spool):
                with pytest.raises(QueueUnavailableError) as caught:
                    await publish_on(spool, confirmed)
                assert not isinstance(caught.value, QueueFullError)
                assert ("full", False) == (spool.state(), spool.is_ready())
                assert 1 == value(registry, "refused_messages_total", reason="disk")
            with full_disk(0):
                await until(lambda: spool.state() == "empty")
                assert len(confirmed) == value(registry, "forwarded_messages_total")
                confirmed += await publish(spool, range(5))
        async with broker_away(amqp_bench, spool):
            confirmed += await publish(spool, range(5, 10))
        await until(lambda: value(registry, "messages") == 0)
    assert confirmed == await received(amqp_bench, len(confirmed))


async def test_a_large_file_gives_its_room_back(amqp_bench: AmqpBench, path: Path) -> None:
    """Once it is empty, so that an outage does not take its disk for ever; then it spools as before."""
    large = [bytes([letter]) * 12_000_000 for letter in b"abc"]
    async with spooling(amqp_bench, path) as spool:
        async with broker_away(amqp_bench, spool):
            for body in large:
                await spool.publish(Message({}, body), 20.0)
            assert path.stat().st_size > 20_000_000
        await until(lambda: path.exists() and path.stat().st_size < 1_000_000)
        async with broker_away(amqp_bench, spool):
            sent = await publish(spool, range(5))
        await until(lambda: spool.state() == "empty")
    assert [*large, *sent] == await received(amqp_bench, 8)


async def publish_on(spool: Spool, confirmed: list[bytes]) -> None:
    """Publish 10 kB after 10 kB, and note what was confirmed, until it raises."""
    while True:
        body = os.urandom(10_000)
        await spool.publish(Message({}, body), TIMEOUT)
        confirmed.append(body)


@pytest.mark.parametrize("away", [True, False])
async def test_a_killed_process_loses_nothing(amqp_bench: AmqpBench, path: Path, away: bool) -> None:
    """kill -9 while it spools, or while it forwards: the next one forwards all that was promised."""
    confirmed: list[bytes] = []
    if away:
        await amqp_bench.proxy.refuse()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.messaging.spooling", amqp_bench.url, amqp_bench.name, str(path),
        cwd=ROOT, stdout=PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        async with asyncio.timeout(30):
            while len(confirmed) < 300:
                confirmed.append((await process.stdout.readline()).strip())
            if not away:
                await amqp_bench.proxy.cut()
                while len(confirmed) < 600:
                    confirmed.append((await process.stdout.readline()).strip())
    finally:
        process.kill()
        rest, _ = await process.communicate()
    confirmed += rest.split()
    amqp_bench.proxy.admit()
    async with spooling(amqp_bench, path) as spool, amqp_bench.queue().consumer(1000) as consumer:
        found: set[bytes] = set()
        async with asyncio.timeout(20):
            while not (set(confirmed) <= found and spool.state() == "empty"):
                deliveries = await consumer.take(1000, ROOM, 0.3)
                found |= set(bodies(deliveries))
                await ack_all(deliveries)


async def test_while_it_forwards_more_leaves_than_comes(amqp_bench: AmqpBench, path: Path) -> None:
    """Senders that never rest cannot keep it from being empty again."""
    async with spooling(amqp_bench, path) as spool, amqp_bench.queue().consumer(1000) as consumer:
        body, over, count = bytes(20_000), False, 0

        async def send() -> None:
            nonlocal count
            while not over:
                await spool.publish(Message({}, body), 20.0)
                count += 1

        async def take() -> None:
            taken = 0
            while not over or taken < count:
                deliveries = await consumer.take(1000, ROOM, 0.3)
                taken += len(deliveries)
                await ack_all(deliveries)

        async with asyncio.timeout(60), asyncio.TaskGroup() as group:
            async with broker_away(amqp_bench, spool):
                for _ in range(8):
                    group.create_task(send())
                await until(lambda: count >= 200)
            group.create_task(take())
            await until(lambda: spool.state() == "empty")
            over = True


async def test_a_spool_that_is_not_wanted_any_more_is_forwarded(amqp_bench: AmqpBench, path: Path) -> None:
    """What it holds was promised; nothing is added to it."""
    async with spooling(amqp_bench, path) as spool, broker_away(amqp_bench, spool):
        sent = await publish(spool, range(5))
    await amqp_bench.proxy.refuse()
    async with spooling(amqp_bench, path, max_bytes=0) as spool:
        with pytest.raises(QueueUnavailableError):
            await spool.publish(Message({}, b"refused"), 0.2)
        assert not spool.is_ready()
        amqp_bench.proxy.admit()
        assert sent == await received(amqp_bench, 5)


async def test_one_process_has_the_file(path: Path) -> None:
    """Another one is refused, until the first has left."""
    for _ in range(2):
        async with open_spool_file(path, 1, system_clock):
            with pytest.raises(QueueUnavailableError, match="another process has the spool"):
                async with open_spool_file(path, 1, system_clock):
                    pass
    assert {0o600} == {file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
