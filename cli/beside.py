"""Commands that work on the store, beside a running Portico or without one."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import TypeVar

from cli.embedded_url import embedded_mongo
from cli.logs import configure_logs
from cli.settings import Settings
from cli.terminal import fail
from domain.errors import TransientError
from storage.errors import StoreSetupError
from storage.store import Store, open_store

_T = TypeVar("_T")


def with_store(settings: Settings, use: Callable[[Store], Awaitable[_T]]) -> _T:
    """What `use` makes of the store: of the MongoDB that is configured, else of the embedded one.

    Ends the command, in words, where it cannot be reached; other errors of `use` come through.
    """
    configure_logs("warning", settings.log_format)
    try:
        return asyncio.run(_use(settings, use))
    except (StoreSetupError, TransientError) as error:
        fail(f"the store cannot be reached: {error}")


async def _use(settings: Settings, use: Callable[[Store], Awaitable[_T]]) -> _T:
    async with AsyncExitStack() as stack:
        if settings.mongodb_url is not None:
            url = settings.mongodb_url.get_secret_value()
        else:
            url = await stack.enter_async_context(embedded_mongo(settings.data_dir))
        store = open_store(
            url,
            name=settings.mongodb_database,
            driver=settings.mongodb_driver,
            phone_region=settings.phone_region,
        )
        return await use(await stack.enter_async_context(store))
