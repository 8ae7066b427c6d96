"""A real store, and what applies records to it."""

from collections.abc import AsyncIterator

import pytest

from domain.apply import ApplyRecords
from domain.clock import system_clock
from domain.resolve import MatchPolicy
from storage.store import Store, open_store


@pytest.fixture
async def store(mongodb_url: str, database_name: str) -> AsyncIterator[Store]:
    """A store of the test's own."""
    async with open_store(mongodb_url, name=database_name) as opened:
        yield opened


@pytest.fixture
def apply_records(store: Store) -> ApplyRecords:
    """The use case, on that store."""
    return ApplyRecords(store.records, store.identities, store.dedupe, system_clock, MatchPolicy())
