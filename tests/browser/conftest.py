"""A running Portico for the browser to look at."""

from collections.abc import AsyncIterator

import pytest

from tests.support.stacks import Stack, embedded_stack


@pytest.fixture(scope="session")
async def portico(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """`portico up`, embedded."""
    async with embedded_stack(tmp_path_factory.mktemp("browser")) as stack:
        yield stack
