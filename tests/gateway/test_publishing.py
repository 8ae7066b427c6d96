"""Publishing through a real SQLite queue: confirmed, shared, bounded, and never leaking."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from domain.errors import QueueFullError, QueueUnavailableError
from gateway.errors import OverloadedError
from gateway.metrics import GatewayMetrics
from gateway.publishing import IngestionPublisher, PublishLimits
from messaging.envelope import Ingestion, unpack
from messaging.port import Message
from messaging.sqlite import SqliteQueue


def ingestion(number: int, size: int = 100, tenant: str = "acme", **facts: Any) -> Ingestion:
    """An ingestion whose body tells it from all others."""
    return Ingestion(
        id=f"ing_{number:034d}",
        operation="odp.v1.customers",
        tenant=tenant,
        body=f"{number} ".encode().ljust(size, b"x"),
        records=1,
        **facts,
    )


class Bench:
    """A publisher on its queue, with its metrics."""

    def __init__(
        self,
        publisher: IngestionPublisher,
        queue: SqliteQueue,
        registry: CollectorRegistry,
        confirmed: list[Ingestion],
    ) -> None:
        self.publisher = publisher
        self.queue = queue
        self.confirmed = confirmed
        self._registry = registry

    def metric(self, name: str) -> float:
        """The value of a metric without labels."""
        value = self._registry.get_sample_value(f"portico_gateway_{name}")
        assert value is not None
        return value

    @property
    def in_flight(self) -> list[float]:
        """Ingestions and bytes that are under way."""
        return [self.metric("in_flight_ingestions"), self.metric("in_flight_bytes")]

    async def messages(self) -> list[Message]:
        """Everything that is in the queue."""
        async with self.queue.consumer(10_000) as consumer:
            return [one.message for one in await consumer.take(10_000, 100_000_000, 0.1)]

    async def bodies(self) -> list[bytes]:
        """The bodies of all ingestions in the queue, in order."""
        return [one.body for message in await self.messages() for one in unpack(message)]


@asynccontextmanager
async def bench(
    path: Path,
    limits: PublishLimits | None = None,
    *,
    timeout: float = 10.0,
    max_messages: int = 100_000,
) -> AsyncIterator[Bench]:
    """A publisher on a queue of its own."""
    queue = SqliteQueue(path / "queue.db", max_messages=max_messages, max_bytes=10**9)
    registry = CollectorRegistry()
    metrics = GatewayMetrics(registry)
    confirmed: list[Ingestion] = []
    async with (
        queue.publisher() as port,
        IngestionPublisher(
            port, metrics=metrics, confirmed=confirmed.append, timeout=timeout, limits=limits
        ) as publisher,
    ):
        yield Bench(publisher, queue, registry, confirmed)


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold the queue's file so that no commit goes through, as a stuck broker would."""
    other = sqlite3.connect(path / "queue.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


async def test_what_was_published_is_in_the_queue(tmp_path: Path) -> None:
    """The same bytes, once the call returns, and nothing is held any more."""
    async with bench(tmp_path) as it:
        await it.publisher.publish(ingestion(1, principal='lo"ader', trace="00-1-2-01", accepted_at=5))
        assert [0, 0] == it.in_flight
        (message,) = await it.messages()
        assert [ingestion(1, principal='lo"ader', trace="00-1-2-01", accepted_at=5)] == unpack(message)


async def test_many_at_once_share_messages_and_all_arrive_once(tmp_path: Path) -> None:
    """A thousand small ingestions take far fewer messages; none is lost, none is there twice."""
    async with bench(tmp_path) as it:
        await asyncio.gather(*(it.publisher.publish(ingestion(number)) for number in range(1000)))
        messages = await it.messages()
        bodies = [one.body for message in messages for one in unpack(message)]
        assert [ingestion(number).body for number in range(1000)] == sorted(
            bodies, key=lambda b: int(b.split()[0])
        )
        assert len(messages) < 50
        assert 1000 == it.metric("group_commit_ingestions_sum")
        assert [0, 0] == it.in_flight


async def test_a_message_keeps_its_bounds(tmp_path: Path) -> None:
    """By count, by bytes and by headers; what is larger than a message's share goes alone."""
    limits = PublishLimits(messages_in_flight=1, ingestions_a_message=10, bytes_a_message=1000)
    async with bench(tmp_path, limits) as it:
        sizes = [50] * 35 + [400] * 5 + [5000, 50, 5000]
        await asyncio.gather(*(it.publisher.publish(ingestion(*pair)) for pair in enumerate(sizes)))
        groups = [[len(one.body) for one in unpack(message)] for message in await it.messages()]
    assert [[50] * 10] * 3 + [[50] * 5 + [400]] + [[400, 400]] * 2 + [[5000], [50], [5000]] == groups


async def test_a_messages_headers_fit_in_an_amqp_frame(tmp_path: Path) -> None:
    """The longest names there may be, as many as want to share."""
    async with bench(tmp_path, PublishLimits(messages_in_flight=1)) as it:
        longest = {"principal": '"é' * 100, "trace": "t" * 55}
        await asyncio.gather(*(it.publisher.publish(ingestion(n, 10, **longest)) for n in range(500)))
        sizes = [sum(len(v.encode()) for v in message.headers.values()) for message in await it.messages()]
        assert max(sizes) < 96 * 1024
        assert len(sizes) < 20


async def test_a_lone_request_does_not_wait_for_others(tmp_path: Path) -> None:
    """Its message goes at once, also while others are under way."""
    async with bench(tmp_path) as it:
        await it.publisher.publish(ingestion(0))
        with held(tmp_path):
            stuck = asyncio.ensure_future(it.publisher.publish(ingestion(1)))
            await asyncio.sleep(0.02)
            later = asyncio.ensure_future(it.publisher.publish(ingestion(2)))
            await asyncio.sleep(0.02)
            assert 2 == it.metric("in_flight_ingestions")
        await asyncio.gather(stuck, later)
        assert 3 == it.metric("group_commit_ingestions_count")


async def test_beyond_its_bounds_nothing_more_is_taken(tmp_path: Path) -> None:
    """By count and by bytes; what was taken is kept, and afterwards there is room again."""
    limits = PublishLimits(ingestions_in_flight=3, bytes_in_flight=1000)
    async with bench(tmp_path, limits) as it:
        with held(tmp_path):
            taken = [asyncio.ensure_future(it.publisher.publish(ingestion(n, 300))) for n in range(2)]
            await asyncio.sleep(0)
            with pytest.raises(OverloadedError):
                await it.publisher.publish(ingestion(8, 401))
            taken.append(asyncio.ensure_future(it.publisher.publish(ingestion(2, 300))))
            await asyncio.sleep(0)
            with pytest.raises(OverloadedError):
                await it.publisher.publish(ingestion(9, 1))
        await asyncio.gather(*taken)
        await it.publisher.publish(ingestion(3, 1000))
        assert [0, 0] == it.in_flight
        assert 4 == len(await it.bodies())


async def test_a_tenant_that_floods_waits_for_itself(tmp_path: Path) -> None:
    """Another's ingestion has room when the flood has none, and goes with the next message."""
    limits = PublishLimits(ingestions_in_flight=40, messages_in_flight=1, ingestions_a_message=5)
    async with bench(tmp_path, limits) as it:
        with held(tmp_path):
            flood = [asyncio.ensure_future(it.publisher.publish(ingestion(n))) for n in range(30)]
            await asyncio.sleep(0.02)
            with pytest.raises(OverloadedError):
                await it.publisher.publish(ingestion(99))
            quiet = asyncio.ensure_future(it.publisher.publish(ingestion(31, tenant="quiet")))
            await asyncio.sleep(0)
        await asyncio.gather(quiet, *flood)
        tenants = [[one.tenant for one in unpack(message)] for message in await it.messages()]
        assert 31 == sum(map(len, tenants))
        assert "quiet" in tenants[1]
        assert [0, 0] == it.in_flight


async def test_without_a_confirm_in_time_every_caller_is_told(tmp_path: Path) -> None:
    """Those whose message is under way and those who still queue, each at its own deadline."""
    async with bench(tmp_path, PublishLimits(messages_in_flight=1), timeout=0.2) as it:
        with held(tmp_path):
            results = await asyncio.gather(
                *(it.publisher.publish(ingestion(number)) for number in range(300)), return_exceptions=True
            )
            assert {QueueUnavailableError} == {type(result) for result in results}
            await it.publisher.drain()
        assert [0, 0] == it.in_flight
        await it.publisher.publish(ingestion(1000))
        assert ingestion(1000).body in await it.bodies()


async def test_a_full_queue_refuses_all_who_share_the_message(tmp_path: Path) -> None:
    """And holds nothing of them."""
    async with bench(tmp_path, max_messages=1) as it:
        await it.publisher.publish(ingestion(0))
        results = await asyncio.gather(
            *(it.publisher.publish(ingestion(number)) for number in range(1, 9)), return_exceptions=True
        )
        assert {QueueFullError} == {type(result) for result in results}
        assert 8 == len({id(result) for result in results})
        assert [0, 0] == it.in_flight
        assert [ingestion(0).body] == await it.bodies()


async def test_a_caller_that_is_cancelled_takes_nobody_with_it(tmp_path: Path) -> None:
    """The message that it shares goes through, and its share of the bounds is given back."""
    limits = PublishLimits(messages_in_flight=1)
    async with bench(tmp_path, limits) as it:
        with held(tmp_path):
            shared = [asyncio.ensure_future(it.publisher.publish(ingestion(n))) for n in range(4)]
            await asyncio.sleep(0.02)
            queued = [asyncio.ensure_future(it.publisher.publish(ingestion(n))) for n in range(4, 8)]
            await asyncio.sleep(0.02)
            shared[1].cancel()
            queued[1].cancel()
            await asyncio.sleep(0)
        kept = [one for one in shared + queued if one not in (shared[1], queued[1])]
        assert [None] * 6 == await asyncio.gather(*kept)
        assert shared[1].cancelled()
        assert queued[1].cancelled()
        assert [0, 0] == it.in_flight
        bodies = await it.bodies()
    assert [ingestion(n).body for n in (0, 1, 2, 3, 4, 6, 7)] == sorted(bodies)


async def test_a_text_that_is_not_unicode_spoils_nobodys_message(tmp_path: Path) -> None:
    """Only its own caller hears of it."""
    async with bench(tmp_path) as it:
        good, bad = await asyncio.gather(
            it.publisher.publish(ingestion(1)),
            it.publisher.publish(ingestion(2, trace="\udc80")),
            return_exceptions=True,
        )
        assert good is None
        assert isinstance(bad, UnicodeEncodeError)
        assert [0, 0] == it.in_flight


async def test_the_end_waits_for_what_is_under_way(tmp_path: Path) -> None:
    """A gateway that stops loses no ingestion that it took."""
    async with bench(tmp_path) as it:
        taken = [asyncio.ensure_future(it.publisher.publish(ingestion(number))) for number in range(50)]
        await asyncio.sleep(0)
        await it.publisher.drain()
        assert [0, 0] == it.in_flight
        assert 50 == len(await it.bodies())
        await asyncio.gather(*taken)
