"""What goes on beside the rest of a process."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager


@asynccontextmanager
async def in_background(
    work: Coroutine[None, None, None], stop: Callable[[], None], seconds: float
) -> AsyncIterator["asyncio.Task[None]"]:
    """`work` goes on; at the end it is asked to `stop`, and cut short where it takes more than `seconds`.

    The task tells afterwards whether it was: it is cancelled then.
    """
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        stop()
        await asyncio.wait([task], timeout=seconds)
        task.cancel()
        await asyncio.wait([task])
