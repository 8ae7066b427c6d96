"""The RabbitMQ node of a test session."""

from collections.abc import Iterator

import pytest

from tests.support.rabbitmq import RabbitNode


@pytest.fixture(scope="session")
def rabbitmq_session() -> Iterator[RabbitNode]:
    """One node for the whole session; tests take `rabbitmq`."""
    with RabbitNode() as node:
        yield node


@pytest.fixture
def rabbitmq(rabbitmq_session: RabbitNode) -> RabbitNode:
    """The session's node, running, whatever an earlier test did to it. Use unique queue names."""
    if not rabbitmq_session.is_running():
        rabbitmq_session.start()
    return rabbitmq_session
