"""The use case of dead letters, wired over the MongoDB that is configured, else over the embedded one."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeVar

from cli.embedded_url import embedded_mongo
from cli.errors import SettingError
from cli.logs import configure_logs
from cli.settings import Settings
from cli.terminal import fail
from domain.clock import system_clock
from domain.dead_letters.errors import RepairError
from domain.dead_letters.use_case import DeadLetters
from domain.errors import TransientError
from storage.errors import StoreSetupError
from storage.store import open_store

_T = TypeVar("_T")


def run(settings: Settings, actor: str, use: Callable[[DeadLetters], Awaitable[_T]]) -> _T:
    """What `use` returns; ends the command, in words, where something cannot be."""
    configure_logs("warning", settings.log_format)

    async def main() -> _T:
        async with _dead_letters(settings, actor) as dead_letters:
            return await use(dead_letters)

    try:
        return asyncio.run(main())
    except (RepairError, SettingError) as error:
        fail(str(error))
    except (StoreSetupError, TransientError) as error:
        fail(f"the dead letters cannot be reached: {error}")


@asynccontextmanager
async def _dead_letters(settings: Settings, actor: str) -> AsyncIterator[DeadLetters]:
    async with AsyncExitStack() as stack:
        if settings.mongodb_url is not None:
            url = settings.mongodb_url.get_secret_value()
        else:
            url = await stack.enter_async_context(embedded_mongo(settings.data_dir))
        store = open_store(url, name=settings.mongodb_database, driver=settings.mongodb_driver)
        opened = await stack.enter_async_context(store)
        yield DeadLetters(opened.kept_letters, opened.audit, system_clock, actor)
