"""A partner's own client, from its registration to its records, on each stack."""

import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.cli.test_clients import clients, credentials, token
from tests.support.odp_v1_bodies import example
from tests.support.portico import Client
from tests.support.rabbitmq import RabbitNode
from tests.support.stacks import Stack, production_stack


@pytest.fixture
async def signing(tmp_path: Path, rabbitmq_session: RabbitNode, mongodb_url: str) -> AsyncIterator[Stack]:
    """The stack of production, which signs with a key that a file holds."""
    key = tmp_path / "oauth.pem"
    key.write_bytes(
        ec.generate_private_key(ec.SECP256R1()).private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )
    )
    key.chmod(0o600)
    name = f"portico_oauth_{uuid.uuid4().hex[:8]}"
    async with production_stack(
        tmp_path,
        amqp_url=rabbitmq_session.url,
        queue=name,
        mongodb_url=mongodb_url,
        database=name,
        PORTICO_OAUTH_KEY_FILE=str(key),
    ) as stack:
        yield stack


@pytest.fixture(params=["embedded", "signing"])
def portico(request: pytest.FixtureRequest) -> Stack:
    """Each stack in turn."""
    found: Stack = request.getfixturevalue(request.param)
    return found


async def test_a_client_pushes_and_pulls_with_its_own_tokens(
    portico: Stack, tenant: str, tmp_path: Path
) -> None:
    """Added by an operator, it gets a token, ingests with it, and reads back in its tenant alone."""
    scope = "customer.read customer.write"
    printed = await clients("add", "--tenant", tenant, "--scope", scope, home=tmp_path, **portico.beside)
    given = credentials(printed)
    status, bearer = await token(portico.gateway, given)
    assert 200 == status
    async with aiohttp.ClientSession() as session:
        client = Client(session, portico.gateway.url, bearer)
        status, _ = await client.post(
            "/v1/customer/customers:ingest", {"customer": example("customers")}, Prefer="wait=30"
        )
        assert 202 == status
        status, found = await client.get("/v1/customer/customers")
        assert (200, 1) == (status, len(found["customers"]))
        status, _ = await client.post("/v2/customers/orders", [{"id": "o-1"}])
        assert 403 == status
        async with session.get(f"{portico.gateway.url}/.well-known/jwks.json") as response:
            assert ["EC"] == [one["kty"] for one in (await response.json())["keys"]]
    await clients("revoke", given["client_id"], home=tmp_path, **portico.beside)
    assert 401 == (await token(portico.gateway, given))[0]
