"""Rate, errors and duration of every surface and gRPC method, and of the queue and the store."""

import asyncio
from collections import defaultdict

import aiohttp
import grpc
from prometheus_client.parser import text_string_to_metric_families

from gateway.grpc.pb.portico.v1.dead_letters_pb2 import DryRunDeadLettersRequest, ListDeadLettersRequest
from gateway.grpc.pb.portico.v1.dead_letters_pb2_grpc import DeadLettersStub
from tests.support.odp_v1_bodies import example
from tests.support.portico import Client
from tests.support.stacks import Stack
from tests.support.tokens import minted

Counts = dict[str, dict[frozenset[tuple[str, str]], float]]

SERVED = {
    "odp_v1": ("/v1/customer/customers", "customer.read", 200),
    "od_v2": ("/v2/customers", "od.crm", 200),
    "portico": ("/.well-known/jwks.json", "", 200),
    "admin": ("/admin/v1/dead-letters", "operator.read", 200),
    "console": ("/console/login", "", 200),
}
"""A path of each surface that is answered with the status to a token of the scope."""
UNSERVED = {name: f"{path.rsplit('/', 1)[0]}/nothing-here" for name, (path, _, _) in SERVED.items()}


async def counts_of(session: aiohttp.ClientSession, url: str) -> Counts:
    """Every sample of a process by its name and labels."""
    found: Counts = defaultdict(dict)
    async with session.get(f"{url}/metrics") as response:
        for family in text_string_to_metric_families(await response.text()):
            for sample in family.samples:
                found[sample.name][frozenset(sample.labels.items())] = sample.value
    return found


def total(counts: Counts, name: str, **labels: str) -> float:
    """The sum of a metric's samples that have these labels."""
    return sum(value for has, value in counts.get(name, {}).items() if labels.items() <= has)


async def test_every_surface_is_counted_and_timed(embedded: Stack, caller: Client) -> None:
    """What is answered and what is refused, each under the surface's own name; of tokens, too."""
    ports = {"admin": embedded.gateway.admin, "console": embedded.gateway.admin}
    async with aiohttp.ClientSession() as session:
        before = await counts_of(session, embedded.gateway.admin)
        for surface, (path, scope, status) in SERVED.items():
            base = ports.get(surface, embedded.gateway.url)
            headers = {"Authorization": f"Bearer {minted(scope=scope)}"} if scope else {}
            async with session.get(base + path, headers=headers) as response:
                assert status == response.status, path
            async with session.get(base + UNSERVED[surface]) as response:
                assert response.status in (401, 404), UNSERVED[surface]
        async with session.post(f"{embedded.gateway.url}/oauth/token", data={}) as response:
            assert response.status in (400, 401)
        after = await counts_of(session, embedded.gateway.admin)

    def grew(name: str, **labels: str) -> float:
        return total(after, name, **labels) - total(before, name, **labels)

    for surface in SERVED:
        assert grew("portico_http_requests_total", surface=surface, status="2xx") >= 1, surface
        assert grew("portico_http_requests_total", surface=surface, status="4xx") >= 1, surface
        assert grew("portico_http_request_seconds_count", surface=surface) >= 2, surface
        assert grew("portico_http_errors_total", surface=surface) >= 1, surface
    assert grew("portico_http_requests_total", surface="oauth", route="/oauth/token", status="4xx") >= 1
    assert grew("portico_http_errors_total", surface="oauth") >= 1


async def test_every_call_over_grpc_is_counted_and_timed(embedded: Stack) -> None:
    """Operators' calls, single and streamed, and refused ones."""
    service = "/portico.v1.DeadLetters"
    metadata = (("authorization", f"Bearer {minted(scope='operator.read')}"),)
    async with aiohttp.ClientSession() as session:
        before = await counts_of(session, embedded.gateway.admin)
        async with grpc.aio.insecure_channel(embedded.gateway.grpc) as channel:
            stub = DeadLettersStub(channel)
            await stub.ListDeadLetters(ListDeadLettersRequest(), metadata=metadata)
            async for _ in stub.DryRunDeadLetters(DryRunDeadLettersRequest(), metadata=metadata):
                pass
            refused = await stub.ListDeadLetters(ListDeadLettersRequest()).code()
        assert grpc.StatusCode.UNAUTHENTICATED == refused
        async with asyncio.timeout(20):
            while True:  # a call is counted when it is over, which its caller may see before
                after = await counts_of(session, embedded.gateway.admin)
                wanted = [
                    ("ListDeadLetters", "OK"),
                    ("DryRunDeadLetters", "OK"),
                    ("ListDeadLetters", "UNAUTHENTICATED"),
                ]
                name = "portico_grpc_calls_total"
                if all(
                    total(after, name, method=f"{service}/{method}", code=code)
                    > total(before, name, method=f"{service}/{method}", code=code)
                    for method, code in wanted
                ):
                    break
                await asyncio.sleep(0.05)
    assert total(after, "portico_grpc_call_seconds_count", method=f"{service}/ListDeadLetters") >= 2


async def test_the_queue_and_the_store_are_counted_and_timed(embedded: Stack, caller: Client) -> None:
    """A publish by its result, a command by its collection; whether either answers, and how much waits."""
    async with aiohttp.ClientSession() as session:
        before = await counts_of(session, embedded.gateway.admin)
        body = {"customer": example("customers")}
        status, _ = await caller.post("/v1/customer/customers:ingest", body, Prefer="wait=30")
        assert 202 == status
        after = await counts_of(session, embedded.gateway.admin)

    def grew(name: str, **labels: str) -> float:
        return total(after, name, **labels) - total(before, name, **labels)

    assert grew("portico_queue_publishes_total", result="confirmed") >= 1
    assert grew("portico_queue_publish_seconds_count") >= 1
    assert grew("portico_store_command_seconds_count", collection="customers", command="insert") >= 1
    assert 1 == total(after, "portico_store_up")
    for name in ("portico_queue_up", "portico_queue_depth_messages", "portico_store_connections_in_use"):
        assert after[name], name
    for name in ("portico_webhooks_attempt_seconds_count", "portico_webhooks_lag_seconds"):
        assert name in after, name
