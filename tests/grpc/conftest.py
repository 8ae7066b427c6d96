"""A server on a fresh database for every test."""

from collections.abc import AsyncIterator

import pytest_asyncio

from gateway.grpc.rendering import RENDERING
from storage.store import Store, open_store
from tests.support.grpc_world import World, open_world


@pytest_asyncio.fixture
async def store(mongodb_url: str, database_name: str) -> AsyncIterator[Store]:
    """A prepared store of its own."""
    async with open_store(mongodb_url, name=database_name, rendering=RENDERING) as opened:
        yield opened


@pytest_asyncio.fixture
async def world(store: Store) -> AsyncIterator[World]:
    """A server that reads `store`."""
    async with open_world(store) as opened:
        yield opened
