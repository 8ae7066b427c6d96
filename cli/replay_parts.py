"""Replay jobs, wired: what runs them in an ingestor's process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cli.background import in_background
from cli.base import Base
from cli.operator_parts import make_means
from domain.clock import system_clock
from domain.replay.part import PartReplay
from domain.replay.run import JobRunner
from ingestor.replay import ReplayLoop, ReplayMetrics


@asynccontextmanager
async def replaying(base: Base) -> AsyncIterator[None]:
    """Replay jobs at work; at the end the parts in hand are finished, within the drain's bound."""
    store = base.store
    means = make_means(base.settings, store, base.endpoints.subscribed)
    replay = PartReplay(store.kept_letters, store.audit, means, system_clock)
    metrics = ReplayMetrics(base.registry)
    runner = JobRunner(store.replay_jobs, replay, system_clock, metrics.count)
    loop = ReplayLoop(store.replay_jobs, store.leases, runner, system_clock)
    async with in_background(loop.run(), loop.stop, base.settings.drain_seconds):
        yield
