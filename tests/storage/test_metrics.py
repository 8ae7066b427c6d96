"""What is counted of the store, on either driver."""

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from domain.errors import StoreUnavailableError
from storage.driver import Driver, open_database
from storage.embedded import free_port
from storage.errors import StoreSetupError
from storage.metrics import StoreMetrics
from storage.receipts import RECEIPTS
from storage.store import open_store
from tests.storage.builders import a_receipt


async def test_commands_are_timed_by_collection(mongodb_url: str, database_name: str, driver: Driver) -> None:
    """A write and a read; the pool has a connection that nobody uses any more, and the server is up."""
    registry = CollectorRegistry()
    store = open_store(
        mongodb_url, name=database_name, driver=driver, prepare=False, metrics=StoreMetrics(registry)
    )
    async with store as opened:
        await opened.receipts.put_many([a_receipt("ing_1")])
        await opened.receipts.get_many(["ing_1", "maria@example.com"])
        timed = [
            registry.get_sample_value(
                "portico_store_command_seconds_count", {"collection": RECEIPTS, "command": command}
            )
            for command in ("insert", "find")
        ]
        pool = [
            registry.get_sample_value(f"portico_store_{name}")
            for name in ("up", "connections_in_use", "connection_wait_seconds_count")
        ]
        connections = registry.get_sample_value("portico_store_connections")
    assert [1, 1] == timed
    assert [1, 0, 2] == pool
    assert connections is not None
    assert 1 <= connections
    assert b"maria" not in generate_latest(registry)


async def test_a_command_that_fails_is_counted_by_the_servers_name_for_it(
    mongodb_url: str, database_name: str, driver: Driver
) -> None:
    """An index under a name that another one has."""
    registry = CollectorRegistry()
    async with open_database(
        mongodb_url, database_name, driver=driver, metrics=StoreMetrics(registry)
    ) as database:
        collection = database.collection("things")
        await collection.create_indexes({"one": [("a", 1)]})
        with pytest.raises(StoreSetupError):
            await collection.create_indexes({"one": [("b", 1)]})
    failed = [
        sample
        for metric in registry.collect()
        for sample in metric.samples
        if sample.name == "portico_store_command_failures_total"
    ]
    assert [("things", "createIndexes", 1)] == [
        (sample.labels["collection"], sample.labels["command"], sample.value) for sample in failed
    ]
    assert "unknown" != failed[0].labels["reason"]


async def test_a_server_that_is_away_is_seen() -> None:
    """Though no command ever reached it."""
    registry = CollectorRegistry()
    url = f"mongodb://127.0.0.1:{free_port()}/?directConnection=true"
    async with open_store(url, selection_timeout=0.5, prepare=False, metrics=StoreMetrics(registry)) as store:
        with pytest.raises(StoreUnavailableError):
            await store.ping()
    assert 0 == registry.get_sample_value("portico_store_up")
