"""The MongoDB server of a test session."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from domain.errors import StoreUnavailableError
from storage.driver import open_database
from storage.embedded import EmbeddedMongo
from tests.support.ports import free_ports

_START = 30.0
"""Seconds a server may take to start or to stop."""


@asynccontextmanager
async def mongodb_server(data_dir: Path) -> AsyncIterator[str]:
    """The URL of a server to test with.

    PORTICO_TEST_MONGODB_URL names one; without it a `mongod` on PATH is started for the session,
    without that the embedded server. With none of them it fails and says what to install.
    """
    given, program = os.environ.get("PORTICO_TEST_MONGODB_URL"), shutil.which("mongod")
    if given:
        yield given
    elif program:
        async with _private_mongod(program, data_dir) as url:
            yield url
    else:
        async with EmbeddedMongo(data_dir) as server:
            yield server.url


@asynccontextmanager
async def _private_mongod(program: str, data_dir: Path) -> AsyncIterator[str]:
    [port] = free_ports(1)
    process = await asyncio.create_subprocess_exec(
        *(program, "--port", str(port), "--bind_ip", "127.0.0.1", "--dbpath", str(data_dir), "--quiet"),
        stdout=asyncio.subprocess.DEVNULL,
    )
    url = f"mongodb://127.0.0.1:{port}/?directConnection=true"
    try:
        await answering(url, _START)
        yield url
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), _START)


async def answering(url: str, seconds: float) -> None:
    """Return once the server at `url` answers; TimeoutError after `seconds`."""
    async with asyncio.timeout(seconds), open_database(url, "admin", selection_timeout=1.0) as database:
        while True:
            try:
                return await database.ping()
            except StoreUnavailableError:
                await asyncio.sleep(0.05)
