"""Listening on the ports that settings name, or saying which one cannot be had and what to do."""

import os
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import TypeVar

from cli.errors import ListenError

_T = TypeVar("_T")


@asynccontextmanager
async def listening(
    server: AbstractAsyncContextManager[_T],
    place: str,
    port: int,
    option: str,
    *,
    fault: type[Exception] = OSError,
) -> AsyncIterator[_T]:
    """What `server` gives, until the block ends. `option` is that of `portico up` which names the port.

    Raises ListenError where `server` cannot have its address and says so by a `fault`.
    """
    async with AsyncExitStack() as stack:
        try:
            given = await stack.enter_async_context(server)
        except fault as error:
            setting = f"PORTICO_{option.replace('-', '_').upper()}"
            raise ListenError(
                f"{place} cannot listen on port {port}{_reason(error)}: name another by {setting}, "
                f"or by --{option} of portico up"
            ) from error
        yield given


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno:
        return f" ({os.strerror(error.errno)})"
    return ""
