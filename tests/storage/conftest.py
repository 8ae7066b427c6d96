"""The store, once on each driver."""

from collections.abc import AsyncIterator

import pytest

from storage.driver import Database, Driver, open_database
from storage.store import Store, open_store


@pytest.fixture(params=["motor", "pymongo"])
def driver(request: pytest.FixtureRequest) -> Driver:
    """The name of the driver; every test that takes it runs on both."""
    name: Driver = request.param
    return name


@pytest.fixture
async def store(mongodb_url: str, database_name: str, driver: Driver) -> AsyncIterator[Store]:
    """A store of its own."""
    async with open_store(mongodb_url, name=database_name, driver=driver) as opened:
        yield opened


@pytest.fixture
async def database(mongodb_url: str, database_name: str, driver: Driver) -> AsyncIterator[Database]:
    """The database that `store` keeps its records in."""
    async with open_database(mongodb_url, database_name, driver=driver) as opened:
        yield opened
