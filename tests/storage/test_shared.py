"""Reads of one record each, many at once."""

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from domain.errors import StoreUnavailableError
from domain.records import Entity
from storage.driver import Driver
from storage.embedded import EmbeddedMongo
from storage.metrics import StoreMetrics
from storage.store import Store, open_store
from tests.storage.builders import an_insert
from tests.storage.processes import freeze

_MANY = 200


async def get(store: Store, id: str, tenant: str = "acme") -> list[str]:
    """The id of a record, if the tenant has it."""
    return list(await store.reader.get_many(Entity.CUSTOMER, tenant, [id]))


async def test_callers_who_ask_at_once_share_calls(
    mongodb_url: str, database_name: str, driver: Driver
) -> None:
    """Each gets what he asked for: a record, nothing, or another tenant's nothing."""
    registry = CollectorRegistry()
    async with open_store(
        mongodb_url, name=database_name, driver=driver, metrics=StoreMetrics(registry)
    ) as store:
        ids = [f"c{number}" for number in range(_MANY)]
        await store.records.write_many(Entity.CUSTOMER, [an_insert(id) for id in ids[::2]])
        found = await asyncio.gather(*[get(store, id) for id in (*ids, *ids)])
        foreign = await asyncio.gather(*(get(store, id, "other") for id in ids))
        calls = registry.get_sample_value(
            "portico_store_command_seconds_count", {"collection": "customers", "command": "find"}
        )
    assert [[id] if number % 2 == 0 else [] for number, id in enumerate(ids)] * 2 == found
    assert [[]] * _MANY == foreign
    assert calls is not None
    assert calls < _MANY


async def test_a_caller_who_leaves_takes_nobody_along(store: Store) -> None:
    """Neither the one whose call it is, nor one who shares it."""
    await store.records.write_many(Entity.CUSTOMER, [an_insert(id) for id in "abc"])
    first, second, third, fourth = (asyncio.create_task(get(store, id)) for id in "abca")
    await asyncio.sleep(0)
    first.cancel()
    second.cancel()
    assert [["c"], ["a"]] == [await third, await fourth]
    assert ["b"] == await get(store, "b")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_call_that_hangs_fails_those_who_share_it_and_no_later_one(
    driver: Driver, tmp_path: Path
) -> None:
    """A frozen server: all of them are told in time, and once it goes on, so does the same store."""
    async with (
        EmbeddedMongo(tmp_path) as server,
        open_store(server.url, driver=driver, call_timeout=1.0, selection_timeout=1.0) as store,
    ):
        await freeze(server.pid)
        try:
            begun = time.monotonic()
            reads = (get(store, f"c{number}") for number in range(_MANY))
            results = await asyncio.gather(*reads, return_exceptions=True)
            took = time.monotonic() - begun
        finally:
            os.kill(server.pid, signal.SIGCONT)
        assert {StoreUnavailableError} == {type(result) for result in results}
        assert took < 15
        async with asyncio.timeout(20):
            while True:
                try:
                    assert [] == await get(store, "c1")
                except StoreUnavailableError:
                    continue
                break
