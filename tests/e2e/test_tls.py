"""REST and gRPC over TLS, with a certificate that is made for the test."""

import ssl
from pathlib import Path

import aiohttp
import grpc
import pytest

from gateway.grpc.pb.portico.v1 import customers_pb2, customers_pb2_grpc
from tests.support.odp_v1_bodies import one
from tests.support.portico import Client
from tests.support.stacks import embedded_stack
from tests.support.tls import self_signed
from tests.support.tokens import minted
from tests.support.wire import ask, ingest


async def test_with_a_certificate_both_are_served_over_tls(tmp_path: Path) -> None:
    """Written over HTTPS, read over gRPC with TLS; in the clear neither answers."""
    certificate, key = self_signed(tmp_path)
    trusting = ssl.create_default_context(cafile=certificate)
    files = {"PORTICO_TLS_CERT_FILE": str(certificate), "PORTICO_TLS_KEY_FILE": str(key)}
    connector = aiohttp.TCPConnector(ssl=trusting)
    async with (
        embedded_stack(tmp_path, **files) as stack,
        aiohttp.ClientSession(connector=connector) as session,
    ):
        client = Client(session, stack.gateway.url.replace("http:", "https:"), minted())
        reply = await ingest(client, "customers", one("customers"), Prefer="wait=20")
        assert (202, 1) == (reply.status, reply.json["receipt"]["counts"]["created"])
        document = (await ask(client, "GET", "/v1/customer/openapi.json")).json
        assert [{"url": client.url}] == document["servers"]

        request = customers_pb2.LookupCustomerRequest(logical_id="customer-123")
        metadata = (("authorization", f"Bearer {client.token}"),)
        credentials = grpc.ssl_channel_credentials(certificate.read_bytes())
        async with grpc.aio.secure_channel(stack.gateway.grpc, credentials) as channel:
            found = await customers_pb2_grpc.CustomersStub(channel).LookupCustomer(
                request, metadata=metadata, timeout=10
            )
        assert "Maria Souza" == found.display_name

        with pytest.raises(aiohttp.ClientError):
            await session.get(f"{stack.gateway.url}/.well-known/opendelivery")
        async with grpc.aio.insecure_channel(stack.gateway.grpc) as channel:
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await customers_pb2_grpc.CustomersStub(channel).LookupCustomer(
                    request, metadata=metadata, timeout=5
                )
        assert refused.value.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
