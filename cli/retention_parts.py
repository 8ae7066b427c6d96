"""The removal of dead letters that are past their time, wired."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cli.background import in_background
from cli.base import Base
from domain.clock import system_clock
from ingestor.retention import Retention, RetentionLimits

_LAST_SECONDS = 3.0


@asynccontextmanager
async def removing_old(base: Base) -> AsyncIterator[None]:
    """What is past its time is removed while the process runs."""
    limits = RetentionLimits(base.settings.dead_letter_days, base.settings.open_dead_letter_days)
    retention = Retention(base.store.retention, base.store.leases, base.registry, system_clock, limits)
    async with in_background(retention.run(), retention.stop, _LAST_SECONDS):
        yield
