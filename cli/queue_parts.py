"""The length of the queue, as a metric."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cli.base import Base

_PAUSE = 2.0


@asynccontextmanager
async def watching_queue(base: Base) -> AsyncIterator[None]:
    """The queue of the ingestions is asked for its length while the process runs."""
    task = asyncio.create_task(base.queue.watch(_PAUSE))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
