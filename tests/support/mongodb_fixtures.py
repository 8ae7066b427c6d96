"""Fixtures for tests that need MongoDB."""

import uuid
from collections.abc import AsyncIterator

import pytest

from storage.driver import open_database
from tests.support.mongodb import mongodb_server


@pytest.fixture(scope="session")
async def mongodb_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """A MongoDB server, one for the whole session. Keep to your own `database_name` in it."""
    async with mongodb_server(tmp_path_factory.mktemp("mongodb")) as url:
        yield url


@pytest.fixture
async def database_name(mongodb_url: str) -> AsyncIterator[str]:
    """The name of a database that nobody else uses, dropped afterwards."""
    name = f"portico_test_{uuid.uuid4().hex[:12]}"
    yield name
    async with open_database(mongodb_url, name) as database:
        await database.drop()
