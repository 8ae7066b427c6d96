"""A running Portico on each stack, one for the whole session; every test has a tenant of its own."""

import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from tests.support.admin_rest import ALL_ROLES, Admin, as_operator
from tests.support.oidc import CLIENT_ID, CLIENT_SECRET, Provider, provider
from tests.support.portico import Client
from tests.support.rabbitmq import RabbitNode
from tests.support.rendered import assert_kept_as_sent_in
from tests.support.stacks import Stack, embedded_stack, production_stack
from tests.support.tokens import minted


@pytest.fixture(scope="session")
async def identity_provider() -> AsyncIterator[Provider]:
    """The OpenID provider of the embedded stack's operators."""
    async with provider() as one:
        yield one


@pytest.fixture(scope="session")
async def embedded(
    tmp_path_factory: pytest.TempPathFactory, identity_provider: Provider
) -> AsyncIterator[Stack]:
    """`portico up`, embedded."""
    async with embedded_stack(
        tmp_path_factory.mktemp("embedded"),
        PORTICO_CONSOLE_OIDC_ISSUER=identity_provider.issuer,
        PORTICO_CONSOLE_OIDC_CLIENT_ID=CLIENT_ID,
        PORTICO_CONSOLE_OIDC_CLIENT_SECRET=CLIENT_SECRET,
    ) as stack:
        yield stack
        # After every way to write, change, replay and erase records that the tests go.
        await assert_kept_as_sent_in(stack.mongodb_url, stack.database)


@pytest.fixture(scope="session")
async def production(
    tmp_path_factory: pytest.TempPathFactory, rabbitmq_session: RabbitNode, mongodb_url: str
) -> AsyncIterator[Stack]:
    """`portico gateway` and `portico ingestor` on RabbitMQ and MongoDB."""
    name = f"portico_e2e_{uuid.uuid4().hex[:8]}"
    home = tmp_path_factory.mktemp("production")
    async with production_stack(
        home, amqp_url=rabbitmq_session.url, queue=name, mongodb_url=mongodb_url, database=name
    ) as stack:
        yield stack
        await assert_kept_as_sent_in(stack.mongodb_url, stack.database)


@pytest.fixture(params=["embedded", "production"])
def stack(request: pytest.FixtureRequest) -> Stack:
    """Each stack in turn."""
    found: Stack = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def tenant() -> str:
    """A tenant that nobody else uses."""
    return f"tenant-{uuid.uuid4().hex[:12]}"


@pytest.fixture
async def client(stack: Stack, tenant: str) -> AsyncIterator[Client]:
    """A client of the stack, as the test's tenant."""
    async with aiohttp.ClientSession() as session:
        yield Client(session, stack.gateway.url, minted(tenant))


@pytest.fixture
def seeds() -> Path:
    """Where the examples of the seeds are kept."""
    return Path(__file__).parent / "seeds"


@pytest.fixture
async def caller(embedded: Stack, tenant: str) -> AsyncIterator[Client]:
    """A client of the embedded stack alone, as the test's tenant."""
    async with aiohttp.ClientSession() as session:
        yield Client(session, embedded.gateway.url, minted(tenant))


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """HTTP."""
    async with aiohttp.ClientSession() as one:
        yield one


@pytest.fixture
def admin(embedded: Stack, session: aiohttp.ClientSession) -> Admin:
    """An operator of all tenants with every role."""
    return as_operator(embedded, session, None, ALL_ROLES)
