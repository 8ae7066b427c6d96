"""Long loops in slices: between two, whatever else runs on the event loop gets its turn.

A batch may hold thousands of records of one tenant, and the front door may run in the same process:
requests of other tenants must not wait until all of them are done.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")

_SLICE = 16
"""Records done without a pause: half a millisecond."""


async def in_slices(items: Iterable[T], weigh: Callable[[T], int] = lambda _: 1) -> AsyncIterator[T]:
    """`items` as they are, with a turn for others now and then; `weigh` tells how many records one is."""
    done = 0
    for item in items:
        yield item
        done += weigh(item)
        if done >= _SLICE:
            done = 0
            await asyncio.sleep(0)
