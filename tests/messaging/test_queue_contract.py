"""What every adapter of the queue promises (messaging/port.py)."""

import asyncio
import os
import time

import pytest

from domain.errors import MessageError, QueueFullError, QueueUnavailableError
from messaging.limits import MAX_BODY, MAX_HEADERS
from messaging.port import Message, Publisher
from tests.messaging.benches import ROOM, Bench, ack_all, bodies, collect, wait_for_depth

TIMEOUT = 10.0


def numbered(count: int) -> list[bytes]:
    """Bodies that tell their place."""
    return [b"%06d" % number for number in range(count)]


async def publish_all(publisher: Publisher, contents: list[bytes]) -> None:
    """Publish one after the other."""
    for content in contents:
        await publisher.publish(Message({}, content), TIMEOUT)


async def fill(publisher: Publisher, body: bytes) -> int:
    """Publish until the queue is full, and return how many it confirmed. A broker may let a few
    more in than its bound while it still makes up its mind."""
    for confirmed in range(200):
        try:
            await publisher.publish(Message({}, body), TIMEOUT)
        except QueueFullError:
            return confirmed
    pytest.fail("the queue never was full")


async def test_a_confirmed_message_outlives_its_publisher(bench: Bench) -> None:
    """Confirmed means kept: another queue object, opened later, hands it out."""
    async with bench.queue().publisher() as publisher:
        await publisher.publish(Message({"portico-tenant": "acme"}, b"kept"), TIMEOUT)
    async with bench.queue().consumer(10) as consumer:
        (delivery,) = await collect(consumer, 1)
        await delivery.ack()
    assert delivery.message.body == b"kept"
    assert delivery.message.headers["portico-tenant"] == "acme"
    assert delivery.message.id
    assert not delivery.redelivered


async def test_messages_come_oldest_first(bench: Bench) -> None:
    """One publisher's messages come in the order in which they were confirmed."""
    queue = bench.queue()
    async with queue.publisher() as publisher, queue.consumer(100) as consumer:
        await publish_all(publisher, numbered(60))
        deliveries = await collect(consumer, 60)
        await ack_all(deliveries)
    assert numbered(60) == bodies(deliveries)


async def test_take_stops_at_its_bounds(bench: Bench) -> None:
    """`take` stops at its count, and before the message that would pass its bytes."""
    queue = bench.queue()
    async with queue.publisher() as publisher:
        await publish_all(publisher, [b"a" * 10] * 3 + [b"b" * 10, b"c" * 10, b"d" * 11])
    async with queue.consumer(100) as consumer:
        await bench.pushed(queue)
        by_count = await consumer.take(3, ROOM, TIMEOUT)
        by_bytes = await consumer.take(100, 30, TIMEOUT)
        await ack_all([*by_count, *by_bytes])
        rest = await consumer.take(100, ROOM, TIMEOUT)
        await ack_all(rest)
    assert [3, 2, 1] == [len(by_count), len(by_bytes), len(rest)]


async def test_a_first_message_over_the_byte_bound_comes_alone(bench: Bench) -> None:
    """A message larger than `max_bytes` is not stuck: it comes when it is first, by itself."""
    queue = bench.queue()
    async with queue.publisher() as publisher:
        await publish_all(publisher, [b"x" * 1000, b"y"])
    async with queue.consumer(100) as consumer:
        await bench.pushed(queue)
        first = await consumer.take(100, 10, TIMEOUT)
        second = await consumer.take(100, 10, TIMEOUT)
        await ack_all([*first, *second])
    assert [[b"x" * 1000], [b"y"]] == [bodies(first), bodies(second)]


async def test_ack_forgets(bench: Bench) -> None:
    """An acknowledged message is not seen again, by anybody."""
    queue = bench.queue()
    async with queue.publisher() as publisher, queue.consumer(10) as consumer:
        await publish_all(publisher, numbered(5))
        await ack_all(await collect(consumer, 5))
    async with bench.queue().consumer(10) as consumer:
        assert [] == list(await consumer.take(10, ROOM, 0.3))
    assert await queue.depth() == 0


async def test_release_redelivers(bench: Bench) -> None:
    """A released message comes again, and says so."""
    queue = bench.queue()
    async with queue.publisher() as publisher, queue.consumer(10) as consumer:
        await publish_all(publisher, [b"again"])
        (first,) = await collect(consumer, 1)
        await first.release()
        (second,) = await collect(consumer, 1)
        await second.ack()
    assert (False, True) == (first.redelivered, second.redelivered)
    assert second.message.body == b"again"


async def test_leaving_a_consumer_releases_what_it_held(bench: Bench) -> None:
    """What was not settled comes to the next consumer, at once and as redelivered."""
    queue = bench.queue()
    async with queue.publisher() as publisher:
        await publish_all(publisher, numbered(4))
    async with queue.consumer(10) as consumer:
        held = await collect(consumer, 4)
        await held[0].ack()
    async with queue.consumer(10) as consumer:
        again = await collect(consumer, 3, within=5)
        await ack_all(again)
    assert numbered(4)[1:] == sorted(bodies(again))
    assert all(delivery.redelivered for delivery in again)


async def test_settling_after_the_consumer_has_gone_does_nothing(bench: Bench) -> None:
    """The queue has taken the message back, so neither ack nor release raises or removes it."""
    queue = bench.queue()
    async with queue.publisher() as publisher:
        await publish_all(publisher, [b"one", b"two"])
    async with queue.consumer(10) as consumer:
        held = await collect(consumer, 2)
    await held[0].ack()
    await held[1].release()
    async with queue.consumer(10) as consumer:
        again = await collect(consumer, 2, within=5)
        await ack_all(again)
    assert [b"one", b"two"] == sorted(bodies(again))


async def test_prefetch_bounds_what_is_out(bench: Bench) -> None:
    """No more than `prefetch` messages are out; each settled one makes room for another."""
    queue = bench.queue()
    async with queue.publisher() as publisher, queue.consumer(3) as consumer:
        await publish_all(publisher, numbered(6))
        held = await collect(consumer, 3)
        over = await consumer.take(10, ROOM, 0.3)
        await held[0].ack()
        more = await collect(consumer, 1)
        await ack_all([*held[1:], *more])
        await ack_all(await collect(consumer, 2))
    assert [] == list(over)
    assert b"000003" == more[0].message.body


async def test_a_message_arrives_as_it_was_sent(bench: Bench) -> None:
    """Headers are any text, bodies any bytes: 8 MiB of them, or none."""
    large, headers = (
        os.urandom(8 << 20),
        {"portico-tenant": "Açaí & Søn 🍇", "traceparent": "", "x" * 128: "y" * 4096},
    )
    queue = bench.queue()
    async with queue.publisher() as publisher, queue.consumer(10) as consumer:
        await publisher.publish(Message(headers, large), TIMEOUT)
        await publisher.publish(Message({}, b""), TIMEOUT)
        first, second = await collect(consumer, 2)
        await ack_all([first, second])
    assert large == first.message.body
    assert headers == {name: first.message.headers[name] for name in headers}
    assert second.message.body == b""


@pytest.mark.parametrize(
    "message",
    [
        Message({"long": "x" * (MAX_HEADERS + 1)}, b""),
        Message({"x" * 129: ""}, b""),
        Message({"surrogate": "\ud800"}, b""),
        Message({}, bytes(MAX_BODY + 1)),
    ],
    ids=["headers", "name", "surrogate", "body"],
)
async def test_a_message_no_queue_can_carry_is_refused(bench: Bench, message: Message) -> None:
    """MessageError, before it can do harm to what is published beside it."""
    async with bench.queue().publisher() as publisher:
        with pytest.raises(MessageError):
            await publisher.publish(message, TIMEOUT)
        await publisher.publish(Message({}, b"neighbour"), TIMEOUT)


async def test_the_length_bound_refuses(bench: Bench) -> None:
    """At `max_messages` a publish is a QueueFullError, nothing refused is kept, and room is used again."""
    queue = bench.queue(max_messages=5)
    async with queue.publisher() as publisher:
        confirmed = await fill(publisher, b"m")
        await wait_for_depth(queue, confirmed)
        async with queue.consumer(200) as consumer:
            await ack_all(await collect(consumer, confirmed))
        await wait_for_depth(queue, 0)
        assert await fill(publisher, b"m") >= 5
    assert confirmed >= 5


async def test_the_byte_bound_refuses(bench: Bench) -> None:
    """At `max_bytes` of bodies a publish is a QueueFullError."""
    queue = bench.queue(max_bytes=100_000)
    async with queue.publisher() as publisher:
        confirmed = await fill(publisher, b"b" * 20_000)
    assert confirmed >= 5
    await wait_for_depth(queue, confirmed)


async def test_concurrent_publishes_are_all_kept_once(bench: Bench) -> None:
    """Of 1,000 messages, 200 in flight, each is there exactly once."""
    queue, in_flight = bench.queue(), asyncio.Semaphore(200)

    async def publish(publisher: Publisher, content: bytes) -> None:
        async with in_flight:
            await publisher.publish(Message({}, content), TIMEOUT)

    async with queue.publisher() as publisher, queue.consumer(2000) as consumer:
        await asyncio.gather(*(publish(publisher, content) for content in numbered(1000)))
        deliveries = await collect(consumer, 1000)
        assert [] == list(await consumer.take(10, ROOM, 0.1))
        await ack_all(deliveries)
    assert numbered(1000) == sorted(bodies(deliveries))


async def test_two_consumers_never_hold_one_message(bench: Bench) -> None:
    """Messages that are out are out to one consumer."""
    queue = bench.queue()
    async with (
        queue.publisher() as publisher,
        queue.consumer(50) as one,
        queue.consumer(50) as other,
    ):
        await publish_all(publisher, numbered(100))
        halves = await asyncio.gather(collect(one, 50), collect(other, 50))
        await ack_all([*halves[0], *halves[1]])
    assert numbered(100) == sorted(bodies([*halves[0], *halves[1]]))


async def test_take_waits_no_longer_than_its_timeout(bench: Bench) -> None:
    """An empty queue gives an empty answer, in time."""
    async with bench.queue().consumer(10) as consumer:
        start = time.monotonic()
        taken = await consumer.take(10, ROOM, 0.2)
        elapsed = time.monotonic() - start
    assert [] == list(taken)
    assert 0.15 < elapsed < 1.0


async def test_a_waiting_take_is_woken(bench: Bench) -> None:
    """A message is handed out when it comes, not when the wait is over."""
    queue = bench.queue()
    async with queue.publisher() as publisher, queue.consumer(10) as consumer:
        waiting = asyncio.create_task(consumer.take(10, ROOM, 20.0))
        await asyncio.sleep(0.1)
        start = time.monotonic()
        await publish_all(publisher, [b"now"])
        await ack_all(await waiting)
    assert time.monotonic() - start < 2.0


async def test_a_cancelled_take_loses_nothing(bench: Bench) -> None:
    """Whenever `take` is cancelled, all messages still come."""
    queue = bench.queue()
    received: list[bytes] = []
    async with queue.publisher() as publisher, queue.consumer(10) as consumer:
        publishing = asyncio.create_task(publish_all(publisher, numbered(100)))
        for pause in range(30):
            taking = asyncio.create_task(consumer.take(3, ROOM, TIMEOUT))
            await asyncio.sleep(pause / 10_000)
            if not taking.done():
                taking.cancel()
            try:
                taken = await taking
            except asyncio.CancelledError:
                continue
            received += bodies(taken)
            await ack_all(taken)
        await publishing
        async with asyncio.timeout(TIMEOUT):
            while len(received) < 100:
                taken = await consumer.take(3, ROOM, 0.2)
                received += bodies(taken)
                await ack_all(taken)
    assert numbered(100) == sorted(received)


async def test_a_cancelled_publish_harms_no_other(bench: Bench) -> None:
    """Cancelled publishes may be kept or not; those beside them are confirmed and kept once."""
    queue = bench.queue()
    async with queue.publisher() as publisher, queue.consumer(2000) as consumer:
        for round_number in range(10):
            doomed = [asyncio.create_task(publish_all(publisher, [b"doomed"])) for _ in range(10)]
            good = [asyncio.create_task(publish_all(publisher, [b"%d" % n])) for n in range(10)]
            await asyncio.sleep(round_number / 2000)
            for task in doomed:
                task.cancel()
            await asyncio.gather(*good)
            await asyncio.gather(*doomed, return_exceptions=True)
        received: list[bytes] = []
        while taken := await consumer.take(1000, ROOM, 0.5):
            received += bodies(taken)
            await ack_all(taken)
    kept = sorted(body for body in received if body != b"doomed")
    assert sorted([b"%d" % n for n in range(10)] * 10) == kept


async def test_depth_counts_what_waits(bench: Bench) -> None:
    """Depth is what waits to be delivered, without what consumers hold."""
    queue = bench.queue()
    async with queue.publisher() as publisher:
        await publish_all(publisher, numbered(7))
        await wait_for_depth(queue, 7)
        async with queue.consumer(2) as consumer:
            held = await collect(consumer, 2)
            await wait_for_depth(queue, 5)
            await ack_all(held[:1])
    await wait_for_depth(queue, 6)


async def test_what_a_consumer_was_handed_is_unsettled_until_it_is_settled(bench: Bench) -> None:
    """Depth does not count it: who asks for what is on its way needs both."""
    queue = bench.queue()
    async with queue.publisher() as publisher:
        await publish_all(publisher, numbered(2))
    assert 0 == queue.unsettled()
    async with queue.consumer(2) as consumer:
        first, second = await collect(consumer, 2)
        assert 2 == queue.unsettled()
        await first.ack()
        assert 1 == queue.unsettled()
        await second.release()
        [again] = await collect(consumer, 1)
        assert 1 == queue.unsettled()
    assert 0 == queue.unsettled()
    await again.ack()
    assert 0 == queue.unsettled()


async def test_a_publish_keeps_its_deadline_while_the_queue_is_away(bench: Bench) -> None:
    """QueueUnavailableError within the deadline; the same publisher goes on when the queue is back."""
    async with bench.queue().publisher() as publisher:
        await publish_all(publisher, [b"before"])
        async with bench.away():
            start = time.monotonic()
            with pytest.raises(QueueUnavailableError) as caught:
                await publisher.publish(Message({}, b"during"), 0.5)
            elapsed = time.monotonic() - start
        await publisher.publish(Message({}, b"after"), 20)
    assert not isinstance(caught.value, QueueFullError)
    assert elapsed < 1.0


async def test_a_consumer_goes_on_when_the_queue_is_back(bench: Bench) -> None:
    """While the queue is away `take` is empty and settling raises nothing; then messages come again."""
    queue = bench.queue()
    async with queue.publisher() as publisher, queue.consumer(10) as consumer:
        await publish_all(publisher, [b"one"])
        held = await collect(consumer, 1)
        async with bench.away():
            start = time.monotonic()
            assert [] == list(await consumer.take(10, ROOM, 0.2))
            elapsed = time.monotonic() - start
            settling = asyncio.create_task(held[0].ack())
            await asyncio.sleep(0.1)
        await settling
        await publisher.publish(Message({}, b"two"), 20)
        async with asyncio.timeout(20):
            while b"two" not in bodies(taken := await consumer.take(10, ROOM, 1.0)):
                await ack_all(taken)
            await ack_all(taken)
    assert elapsed < 2.0


async def test_both_ends_are_ready_while_the_queue_answers(bench: Bench) -> None:
    """Open and answering is ready."""
    queue = bench.queue()
    async with queue.publisher() as publisher, queue.consumer(10) as consumer:
        await consumer.take(1, ROOM, 0)
        assert (True, True) == (publisher.is_ready(), consumer.is_ready())
