"""What waits for operators, as metrics."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from prometheus_client import CollectorRegistry

from domain.dead_letters.entities import Selection
from ingestor.backlog import BacklogMetrics, watch_backlog
from storage.store import Store, open_store
from tests.storage.builders import a_dead_letter
from tests.support.replays import jobs_of


@pytest.fixture
async def store(mongodb_url: str, database_name: str) -> AsyncIterator[Store]:
    """A store of the test's own."""
    async with open_store(mongodb_url, name=database_name) as opened:
        yield opened


async def test_what_is_not_settled_is_counted_by_state(store: Store) -> None:
    """Letters and jobs of all tenants; a job that is over is none that waits."""
    await store.dead_letters.put_many(
        [a_dead_letter(f"dl_{number}", tenant=f"tenant-{number}") for number in range(3)]
    )
    jobs = jobs_of(store)
    paused = await jobs.start(Selection())
    await jobs.pause(paused.id)
    await jobs.cancel((await jobs.start(Selection())).id)
    registry = CollectorRegistry()
    metrics = BacklogMetrics(registry)
    watching = asyncio.create_task(watch_backlog(store.backlog, metrics))
    deadline = time.monotonic() + 20
    while registry.get_sample_value("portico_replay_jobs", {"state": "paused"}) is None:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)
    watching.cancel()

    def shown(name: str) -> dict[str, float]:
        return {
            sample.labels["state"]: sample.value
            for family in registry.collect()
            for sample in family.samples
            if sample.name == name
        }

    assert {"open": 3, "replaying": 0} == shown("portico_dead_letters")
    assert {"scheduled": 0, "running": 0, "paused": 1, "stopped": 0} == shown("portico_replay_jobs")
    metrics.clear()
    assert {} == shown("portico_dead_letters") | shown("portico_replay_jobs")
