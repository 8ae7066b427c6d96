"""The server's life: health, reflection, deadlines, draining, TLS."""

import asyncio
import datetime
import time
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest
from grpc_reflection.v1alpha.reflection_pb2_grpc import ServerReflectionStub

from gateway.grpc.pb.portico.v1.customers_pb2 import ListCustomersRequest, StreamCustomersRequest
from gateway.grpc.pb.portico.v1.customers_pb2_grpc import CustomersStub
from gateway.grpc.pb.portico.v1.ingestions_pb2 import Ingestion, WaitIngestionRequest
from gateway.grpc.pb.portico.v1.ingestions_pb2_grpc import IngestionsStub
from gateway.grpc.server import Tls
from storage.store import Store, open_store
from tests.support.grpc_world import TENANT, World, caller, customer, open_world
from tests.support.proxy import Proxy

SERVICES = {
    f"portico.v1.{name}"
    for name in (
        *("Customers", "Leads", "Orders", "Reviews", "Events"),
        *("DedupeCandidates", "Ingestions", "DeadLetters"),
    )
}


async def test_reflection_lists_every_service_without_a_token(world: World) -> None:
    """Tools find the services, and the files that describe them."""

    async def requests() -> AsyncIterator[ServerReflectionRequest]:
        yield ServerReflectionRequest(list_services="")
        yield ServerReflectionRequest(file_containing_symbol="portico.v1.Customers")

    answers = [one async for one in ServerReflectionStub(world.channel).ServerReflectionInfo(requests())]
    listed = {service.name for service in answers[0].list_services_response.service}
    assert SERVICES <= listed
    assert answers[1].file_descriptor_response.file_descriptor_proto


async def test_health_follows_the_server(world: World) -> None:
    """SERVING for the server and each service; watchers see NOT_SERVING before a drain is over."""
    stub = HealthStub(world.channel)
    for service in ("", *SERVICES):
        answer = await stub.Check(HealthCheckRequest(service=service))
        assert HealthCheckResponse.SERVING == answer.status
    watch = stub.Watch(HealthCheckRequest(service="portico.v1.Customers"))
    assert HealthCheckResponse.SERVING == (await watch.read()).status
    stopping = asyncio.create_task(world.server.stop(5))
    assert HealthCheckResponse.NOT_SERVING == (await watch.read()).status
    watch.cancel()
    await stopping
    assert not world.server.is_serving()


async def test_a_drain_lets_calls_finish(world: World) -> None:
    """A call in flight gets its answer within the grace; a new one is refused."""
    name = f"ingestions/{world.ids.mint(TENANT)}"
    request = WaitIngestionRequest(name=name)
    request.timeout.FromMilliseconds(500)
    call = IngestionsStub(world.channel).WaitIngestion(request, metadata=caller())
    await asyncio.sleep(0.1)
    stopping = asyncio.create_task(world.server.stop(5))
    assert Ingestion.QUEUED == (await call).state
    await stopping
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await CustomersStub(world.channel).ListCustomers(ListCustomersRequest(), metadata=caller())
    assert grpc.StatusCode.UNAVAILABLE == raised.value.code()


async def test_a_drain_ends_what_outlives_its_grace(world: World) -> None:
    """The call is aborted, and `stop` returns only when its handler is gone, without a word in vain."""
    request = WaitIngestionRequest(name=f"ingestions/{world.ids.mint(TENANT)}")
    call = IngestionsStub(world.channel).WaitIngestion(request, metadata=caller())
    await asyncio.sleep(0.1)
    began = time.monotonic()
    await world.server.stop(0.2)
    assert time.monotonic() - began < 3
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call
    assert raised.value.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)


async def test_stopping_twice_is_stopping_once(world: World) -> None:
    """The second stop does nothing."""
    await world.server.stop(0)
    await world.server.stop(0)


async def test_no_handler_works_past_the_deadline(mongodb_url: str, database_name: str) -> None:
    """The store hangs. Behind the deadline no handler is left, so that a drain waits for nothing."""
    port = urlsplit(mongodb_url).port
    assert port is not None
    async with Proxy(port) as proxy:
        url = mongodb_url.replace(f":{port}", f":{proxy.port}")
        async with open_store(url, name=database_name) as store, open_world(store) as world:
            proxy.pause()
            stub = CustomersStub(world.channel)
            stream = stub.StreamCustomers(StreamCustomersRequest(), metadata=caller(), timeout=0.3)
            page = stub.ListCustomers(ListCustomersRequest(), metadata=caller(), timeout=0.3)
            for call in (stream.read(), page):
                with pytest.raises(grpc.aio.AioRpcError) as raised:
                    await call
                assert grpc.StatusCode.DEADLINE_EXCEEDED == raised.value.code()
            began = time.monotonic()
            await world.server.stop(10)
            assert time.monotonic() - began < 2
            proxy.resume()


async def test_a_port_that_is_taken_is_an_error(store: Store, world: World) -> None:
    """Two servers never share a port without a word."""
    with pytest.raises(RuntimeError):
        async with open_world(store, port=world.server.port):
            pass


async def test_tls_is_served_with_a_certificate(store: Store) -> None:
    """A client that trusts the certificate reads over TLS; one without TLS gets nothing."""
    async with open_world(store, tls=certificate()) as world:
        await world.keep(customer())
        page = await CustomersStub(world.channel).ListCustomers(ListCustomersRequest(), metadata=caller())
        assert 1 == len(page.customers)
        async with grpc.aio.insecure_channel(f"127.0.0.1:{world.server.port}") as plain:
            with pytest.raises(grpc.aio.AioRpcError) as raised:
                await CustomersStub(plain).ListCustomers(ListCustomersRequest(), metadata=caller(), timeout=5)
            assert grpc.StatusCode.UNAVAILABLE == raised.value.code()


def certificate() -> Tls:
    """A fresh self-signed certificate for localhost."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Tls(signed.public_bytes(serialization.Encoding.PEM), private)
