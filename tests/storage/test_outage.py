import asyncio
import contextlib
import gc
import os
import signal
import time
from pathlib import Path

import pytest

from domain.errors import StoreUnavailableError
from domain.reading import Query
from domain.records import Entity
from storage.driver import Driver
from storage.embedded import EmbeddedMongo, free_port
from storage.store import Store, open_store
from tests.storage.builders import a_dead_letter, a_receipt, an_insert
from tests.storage.processes import freeze


async def everything(store: Store) -> list[BaseException | object]:
    """What each call of the store raises, or returns."""
    return await asyncio.gather(
        store.ping(),
        store.prepare(),
        store.records.get_many(Entity.CUSTOMER, ["a"]),
        store.records.write_many(Entity.CUSTOMER, [an_insert("a")]),
        store.identities.owners("acme", ["logical:1"]),
        store.identities.claim("acme", {"logical:1": "a"}),
        store.identities.mark_shared("acme", ["logical:1"]),
        store.receipts.put_many([a_receipt("ing_1")]),
        store.dead_letters.put_many([a_dead_letter("dl_1")]),
        store.attempts.begin("ing_1", 1),
        store.attempts.clear(["ing_1"]),
        store.reader.page(Query(Entity.CUSTOMER, "acme"), after=None, limit=1),
        store.reader.count(Query(Entity.CUSTOMER, "acme"), 1),
        return_exceptions=True,
    )


async def test_without_a_server_every_call_says_so_in_time(driver: Driver) -> None:
    """A closed port: within the time to find a server, with the driver's own error as the cause."""
    url = f"mongodb://127.0.0.1:{free_port()}/?directConnection=true"
    async with open_store(url, driver=driver, selection_timeout=0.5, prepare=False) as store:
        begun = time.monotonic()
        results = await everything(store)

    assert 3 > time.monotonic() - begun
    assert [StoreUnavailableError] * len(results) == [type(result) for result in results]
    assert all(result.__cause__ for result in results if isinstance(result, BaseException))


async def test_a_store_is_not_opened_without_a_server(driver: Driver) -> None:
    """Where its indexes are to be there on return."""
    url = f"mongodb://127.0.0.1:{free_port()}/?directConnection=true"

    with pytest.raises(StoreUnavailableError):
        async with open_store(url, driver=driver, selection_timeout=0.2):
            pass


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_frozen_server_is_waited_for_no_longer_than_told(driver: Driver, tmp_path: Path) -> None:
    """And once it goes on, so does the same store.

    PyMongo's async client leaves a socket to the garbage collector where it is closed while it connects.
    """
    async with (
        EmbeddedMongo(tmp_path) as server,
        open_store(server.url, driver=driver, call_timeout=1.0, selection_timeout=1.0) as store,
    ):
        await freeze(server.pid)
        try:
            begun = time.monotonic()
            results = await everything(store)
            took = time.monotonic() - begun
        finally:
            os.kill(server.pid, signal.SIGCONT)

        assert [StoreUnavailableError] * len(results) == [type(result) for result in results]
        assert took < 15
        await _until_answered(store)
        await store.records.get_many(Entity.CUSTOMER, ["a"])
    gc.collect()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_closing_leaves_the_loop_alone(driver: Driver, tmp_path: Path) -> None:
    """A server that is frozen does not hold up what else runs, while it is waited for to say goodbye."""
    async with EmbeddedMongo(tmp_path) as server:
        async with open_store(server.url, driver=driver, selection_timeout=2.0) as store:
            await store.ping()
            await freeze(server.pid)
            gaps = asyncio.create_task(_longest_gap())
            await asyncio.sleep(0)
        gaps.cancel()
        os.kill(server.pid, signal.SIGCONT)
        assert 1 > await gaps
    gc.collect()


async def _longest_gap() -> float:
    """The longest time that the loop was busy with others, in seconds, until cancelled."""
    longest, before = 0.0, time.monotonic()
    with contextlib.suppress(asyncio.CancelledError):
        while True:
            await asyncio.sleep(0.01)
            longest, before = max(longest, time.monotonic() - before), time.monotonic()
    return max(longest, time.monotonic() - before)


async def _until_answered(store: Store) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                return await store.ping()
            except StoreUnavailableError:
                await asyncio.sleep(0.05)
