"""Waiting for what must come, with a bound."""

import asyncio
from collections.abc import Awaitable, Callable

_PAUSE = 0.05


async def comes(happens: Callable[[], bool | Awaitable[bool]], within: float) -> bool:
    """Whether something happens before `within` seconds are over."""
    try:
        async with asyncio.timeout(within):
            while True:
                happened = happens()
                if happened if isinstance(happened, bool) else await happened:
                    return True
                await asyncio.sleep(_PAUSE)
    except TimeoutError:
        return False
