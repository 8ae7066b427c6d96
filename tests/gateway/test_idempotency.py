"""Keyed ingestions: repeats are answered, not queued; failures are forgotten."""

import asyncio

import pytest

from domain.errors import QueueUnavailableError
from gateway.errors import IdempotencyConflictError
from gateway.idempotency import IdempotencyMemory


class Publishing:
    """Counts publishes, which end when told: well, or with an error."""

    def __init__(self) -> None:
        self.count = 0
        self.fails = False
        self.may_end = asyncio.Event()
        self.may_end.set()

    async def __call__(self) -> None:
        """One publish."""
        self.count += 1
        await self.may_end.wait()
        if self.fails:
            raise QueueUnavailableError("away")


@pytest.fixture
def publishing() -> Publishing:
    """Publishes that end well, at once."""
    return Publishing()


async def test_a_repeat_is_not_published(publishing: Publishing) -> None:
    """The first call publishes, later ones with the same body only agree."""
    memory = IdempotencyMemory(10, 60)
    assert [True, False, False] == [await memory.once("a", "digest", publishing) for _ in range(3)]
    assert 1 == publishing.count


async def test_another_body_under_the_same_key_is_a_conflict(publishing: Publishing) -> None:
    """While the first is under way, and after it was confirmed."""
    memory = IdempotencyMemory(10, 60)
    publishing.may_end.clear()
    first = asyncio.ensure_future(memory.once("a", "digest", publishing))
    await asyncio.sleep(0)
    with pytest.raises(IdempotencyConflictError):
        await memory.once("a", "other", publishing)
    publishing.may_end.set()
    assert await first
    with pytest.raises(IdempotencyConflictError):
        await memory.once("a", "other", publishing)


async def test_those_who_repeat_while_it_is_under_way_share_its_result(publishing: Publishing) -> None:
    """One publish serves all, and nobody is answered before it is confirmed."""
    memory = IdempotencyMemory(10, 60)
    publishing.may_end.clear()
    calls = [asyncio.ensure_future(memory.once("a", "digest", publishing)) for _ in range(5)]
    await asyncio.sleep(0.01)
    assert not any(call.done() for call in calls)
    publishing.may_end.set()
    assert [True, False, False, False, False] == await asyncio.gather(*calls)
    assert 1 == publishing.count


async def test_a_failure_is_shared_and_then_forgotten(publishing: Publishing) -> None:
    """A retry goes through, even with another body: nothing was promised."""
    memory = IdempotencyMemory(10, 60)
    publishing.fails = True
    calls = [memory.once("a", "digest", publishing) for _ in range(3)]
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert [QueueUnavailableError] * 3 == [type(result) for result in results]
    assert 0 == len(memory)
    publishing.fails = False
    assert await memory.once("a", "other", publishing)


async def test_a_caller_that_is_cancelled_leaves_the_publish_to_the_others(publishing: Publishing) -> None:
    """The one who began it included: what was begun is finished, and remembered."""
    memory = IdempotencyMemory(10, 60)
    publishing.may_end.clear()
    first = asyncio.ensure_future(memory.once("a", "digest", publishing))
    second = asyncio.ensure_future(memory.once("a", "digest", publishing))
    await asyncio.sleep(0.01)
    first.cancel()
    await asyncio.sleep(0)
    publishing.may_end.set()
    assert not await second
    assert first.cancelled()
    assert not await memory.once("a", "digest", publishing)
    assert 1 == publishing.count


async def test_what_is_remembered_is_bounded_in_number_and_time(publishing: Publishing) -> None:
    """The least recently used are forgotten first, and everything after its time to live."""
    now = 0.0
    memory = IdempotencyMemory(2, 60, clock=lambda: now)
    for key in ("a", "b", "a", "c"):
        await memory.once(key, "digest", publishing)
    assert 2 == len(memory)
    assert [False, False, True] == [await memory.once(key, "digest", publishing) for key in ("a", "c", "b")]
    now = 60.0
    assert await memory.once("b", "other", publishing)


async def test_what_is_under_way_is_never_forgotten(publishing: Publishing) -> None:
    """However many others are confirmed meanwhile."""
    memory = IdempotencyMemory(1, 60)
    publishing.may_end.clear()
    slow = asyncio.ensure_future(memory.once("slow", "digest", publishing))
    await asyncio.sleep(0)
    other = Publishing()
    for key in ("a", "b", "c"):
        await memory.once(key, "digest", other)
    with pytest.raises(IdempotencyConflictError):
        await memory.once("slow", "other", publishing)
    publishing.may_end.set()
    assert await slow
