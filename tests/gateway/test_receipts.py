"""Waiting for outcomes, on a real store."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Sequence

import pytest

from domain.ports import ReceiptStore
from domain.receipts import Receipt
from domain.records import Outcome
from gateway.errors import OverloadedError
from gateway.receipts import ReceiptWatcher
from storage.store import Store, open_store


def receipt(ingestion_id: str) -> Receipt:
    """The end of an ingestion of one record."""
    counts = {**dict.fromkeys(Outcome, 0), Outcome.CREATED: 1}
    return Receipt(ingestion_id, "acme", "odp.v1.customers", "0" * 64, 1, 2, counts)


@pytest.fixture
async def store(mongodb_url: str, database_name: str) -> AsyncIterator[Store]:
    """A store of its own."""
    async with open_store(mongodb_url, name=database_name) as store:
        yield store


async def test_a_receipt_that_is_there_is_answered_at_once(store: Store) -> None:
    """Nobody waits for a tick."""
    await store.receipts.put_many([receipt("there")])
    async with ReceiptWatcher(store.receipts) as watcher:
        assert receipt("there") == await watcher.wait("there", 5)


async def test_a_receipt_that_comes_ends_the_wait(store: Store) -> None:
    """For everybody who waits for it, and for nobody else."""
    async with ReceiptWatcher(store.receipts) as watcher:
        waiting = [asyncio.ensure_future(watcher.wait("later", 5)) for _ in range(3)]
        other = asyncio.ensure_future(watcher.wait("other", 0.4))
        await asyncio.sleep(0.15)
        assert not any(one.done() for one in waiting)
        await store.receipts.put_many([receipt("later")])
        assert [receipt("later")] * 3 == await asyncio.gather(*waiting)
        assert await other is None


async def test_a_wait_ends_with_its_time(store: Store) -> None:
    """None, on time, also for a wait of nothing."""
    async with ReceiptWatcher(store.receipts) as watcher:
        started = time.monotonic()
        assert await watcher.wait("never", 0.2) is None
        assert 0.19 < time.monotonic() - started < 0.5
        assert await watcher.wait("never", 0) is None


class Counting:
    """The real receipts, counting how often they are asked and for how many."""

    def __init__(self, receipts: ReceiptStore) -> None:
        self._receipts = receipts
        self.asked: list[int] = []

    async def get_many(self, ingestion_ids: Iterable[str]) -> dict[str, Receipt]:
        """Pass on."""
        ids = list(ingestion_ids)
        self.asked.append(len(ids))
        return await self._receipts.get_many(ids)

    async def put_many(self, receipts: Sequence[Receipt]) -> set[int]:
        """Pass on."""
        return await self._receipts.put_many(receipts)


async def test_all_who_wait_share_one_question(store: Store) -> None:
    """Two hundred waits take as many reads as one; and when nobody waits nothing is asked."""
    counting = Counting(store.receipts)
    async with ReceiptWatcher(counting) as watcher:
        await asyncio.gather(*(watcher.wait(f"never{number}", 0.5) for number in range(200)))
        assert 200 == max(counting.asked)
        assert len(counting.asked) < 20
        await asyncio.sleep(0.15)
        before = len(counting.asked)
        await asyncio.sleep(0.15)
        assert before == len(counting.asked)


async def test_newcomers_are_asked_for_soon_although_others_wait_long(store: Store) -> None:
    """The pause has grown to a tenth of a second, and a newcomer cuts it short."""
    await store.receipts.put_many([receipt("there")])
    async with ReceiptWatcher(store.receipts) as watcher:
        old = asyncio.ensure_future(watcher.wait("never", 5))
        await asyncio.sleep(0.4)
        started = time.monotonic()
        for _ in range(5):
            await watcher.wait("there", 5)
        assert time.monotonic() - started < 0.3
        old.cancel()


async def test_who_waits_no_more_leaves_nothing_behind(store: Store) -> None:
    """A wait that is cancelled frees its place, and its neighbours wait on."""
    async with ReceiptWatcher(store.receipts, max_waiters=2) as watcher:
        first, second = [asyncio.ensure_future(watcher.wait("id", 5)) for _ in range(2)]
        await asyncio.sleep(0.01)
        with pytest.raises(OverloadedError):
            await watcher.wait("id", 5)
        first.cancel()
        await asyncio.sleep(0)
        third = asyncio.ensure_future(watcher.wait("id", 5))
        await store.receipts.put_many([receipt("id")])
        assert (receipt("id"),) * 2 == tuple(await asyncio.gather(second, third))


async def test_the_end_of_the_watcher_ends_every_wait(store: Store) -> None:
    """With None, as if the time were over."""
    async with ReceiptWatcher(store.receipts) as watcher:
        waiting = asyncio.ensure_future(watcher.wait("never", 30))
        await asyncio.sleep(0.02)
    assert await waiting is None


async def test_a_store_that_is_away_is_asked_until_the_time_is_over() -> None:
    """No outcome is not an error: the ingestion is safe and will be applied."""
    nowhere = "mongodb://127.0.0.1:9/?directConnection=true"
    async with (
        open_store(nowhere, prepare=False, selection_timeout=0.1) as store,
        ReceiptWatcher(store.receipts) as watcher,
    ):
        started = time.monotonic()
        assert await watcher.wait("id", 0.5) is None
        assert time.monotonic() - started < 1


class FailingOnce(Counting):
    """The real receipts, but for the first question."""

    async def get_many(self, ingestion_ids: Iterable[str]) -> dict[str, Receipt]:
        """Fail once, then pass on."""
        if not self.asked:
            self.asked.append(0)
            raise ZeroDivisionError
        return await super().get_many(ingestion_ids)


async def test_a_bug_reaches_those_who_wait(store: Store) -> None:
    """And the next who waits is served again."""
    await store.receipts.put_many([receipt("there")])
    async with ReceiptWatcher(FailingOnce(store.receipts)) as watcher:
        with pytest.raises(ZeroDivisionError):
            await watcher.wait("there", 5)
        assert receipt("there") == await watcher.wait("there", 5)
