"""What waits for operators, wired as metrics of an ingestor's process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cli.base import Base
from ingestor.backlog import BacklogMetrics, watch_backlog


@asynccontextmanager
async def counting_backlog(base: Base) -> AsyncIterator[None]:
    """Dead letters and replay jobs are counted while the process runs."""
    task = asyncio.create_task(watch_backlog(base.store.backlog, BacklogMetrics(base.registry)))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
