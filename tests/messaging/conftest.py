"""Each adapter for the contract suite, and each alone."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.messaging.benches import AmqpBench, Bench, SqliteBench
from tests.support.proxy import Proxy
from tests.support.rabbitmq import RabbitNode


@pytest.fixture
def sqlite_bench(tmp_path: Path) -> SqliteBench:
    """The SQLite adapter on a new file."""
    return SqliteBench(tmp_path / "queue" / "queue.db")


@pytest.fixture
async def amqp_bench(rabbitmq: RabbitNode) -> AsyncIterator[AmqpBench]:
    """The AMQP adapter on new names."""
    async with Proxy(rabbitmq.port) as proxy:
        bench = AmqpBench(rabbitmq, proxy)
        yield bench
        if not rabbitmq.is_running():
            rabbitmq.start()
        await bench.clean()


@pytest.fixture(params=["sqlite", "amqp"])
def bench(request: pytest.FixtureRequest) -> Bench:
    """Both adapters, one after the other."""
    chosen: Bench = request.getfixturevalue(f"{request.param}_bench")
    return chosen
