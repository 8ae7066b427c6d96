"""One trace from the POST to the write and the webhook, over two processes, and its ids in the log."""

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import grpc
import pytest

from domain.endpoints import Endpoint
from gateway.grpc.pb.portico.v1.customers_pb2 import ListCustomersRequest
from gateway.grpc.pb.portico.v1.customers_pb2_grpc import CustomersStub
from storage.driver import open_database
from storage.webhooks import EndpointRepository
from tests.support.collector import Collector, Spanned, collecting, hanging
from tests.support.odp_v1_bodies import example
from tests.support.portico import Client, PorticoProcess
from tests.support.rabbitmq import RabbitNode
from tests.support.stacks import Stack, production_stack
from tests.support.tokens import minted
from tests.support.webhooks import Receiver, receiving

TENANT = "traced"
CUSTOMERS = "/v1/customer/customers:ingest"
GATEWAY, INGESTOR = "portico-gateway", "portico-ingestor"


@dataclass
class World:
    """A traced Portico, with what it tells."""

    stack: Stack
    collector: Collector
    receiver: Receiver
    client: Client


@pytest.fixture(scope="module")
async def world(
    tmp_path_factory: pytest.TempPathFactory, rabbitmq_session: RabbitNode, mongodb_url: str
) -> AsyncIterator[World]:
    """Gateway and ingestor with a collector; the tenant's webhooks go to a receiver."""
    name = f"portico_traces_{uuid.uuid4().hex[:8]}"
    async with collecting() as collector, receiving() as receiver:
        endpoint = Endpoint(
            id=str(uuid.uuid4()),
            tenant=TENANT,
            url=f"{receiver.url}/told",
            secret="a-secret-of-the-receiver",
            events=(),
            merchant_id="store-1",
            created_at=0,
        )
        async with open_database(mongodb_url, name) as database:
            await EndpointRepository(database).put(endpoint)
        async with (
            production_stack(
                tmp_path_factory.mktemp("traced"),
                amqp_url=rabbitmq_session.url,
                queue=name,
                mongodb_url=mongodb_url,
                database=name,
                PORTICO_OTLP_ENDPOINT=collector.url,
                PORTICO_LOG_LEVEL="debug",
                PORTICO_WEBHOOKS_ALLOW_PRIVATE="true",
            ) as stack,
            aiohttp.ClientSession() as session,
        ):
            yield World(stack, collector, receiver, Client(session, stack.gateway.url, minted(TENANT)))


def given() -> tuple[str, str]:
    """A caller's `traceparent`, and its trace id."""
    trace_id = uuid.uuid4().hex
    return f"00-{trace_id}-{uuid.uuid4().hex[:16]}-01", trace_id


def customer(**changes: object) -> dict[str, object]:
    """A body of a customer whom nobody else sends."""
    name = uuid.uuid4().hex
    return {"customer": example("customers", id=name, externalIds=[f"app:{name}"], contacts={}, **changes)}


def names(spans: list[Spanned]) -> set[tuple[str, str]]:
    """Which process did what."""
    return {(span.service, span.name) for span in spans}


async def line_of(process: PorticoProcess, event: str, trace_id: str) -> dict[str, object]:
    """The log line of `process` about an event of one trace, once it is there."""
    async with asyncio.timeout(30):
        while True:
            written = [json.loads(line) for line in process.log().splitlines() if line.startswith("{")]
            found = [one for one in written if one["event"] == event and one.get("trace_id") == trace_id]
            if found:
                [line] = found
                return dict(line)
            await asyncio.sleep(0.05)


async def test_one_trace_from_the_post_to_the_write_and_the_webhook(world: World) -> None:
    """Each hop continues the one before it, from the caller's own span to the receiver's header."""
    traceparent, trace_id = given()
    status, answer = await world.client.post(CUSTOMERS, customer(), Prefer="wait=20", traceparent=traceparent)
    wanted = {
        (GATEWAY, f"POST {CUSTOMERS}"),
        (GATEWAY, "publish ingestions"),
        (INGESTOR, "process ingestions"),
        (INGESTOR, "decode odp.v1.customers"),
        (INGESTOR, "apply records"),
        (INGESTOR, "insert customers"),
        (INGESTOR, "deliver webhook"),
    }
    await world.collector.until(lambda _: wanted <= names(world.collector.of(trace_id)))
    found = {span.name: span for span in world.collector.of(trace_id)}
    told = [one for one in world.receiver.at("/told") if trace_id in one.headers.get("traceparent", "")]

    assert 202 == status
    post = found[f"POST {CUSTOMERS}"]
    assert [traceparent.split("-")[2], 202] == [post.parent, post.attributes["http.response.status_code"]]
    for name in ("publish ingestions", "process ingestions", "deliver webhook"):
        assert post.id == found[name].parent
    for name in ("decode odp.v1.customers", "apply records"):
        assert found["process ingestions"].id == found[name].parent
    assert found["apply records"].id == found["insert customers"].parent
    assert answer["correlationId"] == found["decode odp.v1.customers"].attributes["portico.ingestion"]
    assert [f"00-{trace_id}-{found['deliver webhook'].id}-01"] == [one.headers["traceparent"] for one in told]
    assert not any(span.failed for span in found.values())

    expected = {"ingestion": answer["correlationId"], "tenant": TENANT}
    for process, event in (
        (world.stack.gateway, "ingestion_accepted"),
        (world.stack.ingestor, "ingestion_done"),
    ):
        assert expected.items() <= (await line_of(process, event, trace_id)).items()
    line = await line_of(world.stack.ingestor, "webhook_delivered", trace_id)
    assert {"tenant": TENANT, "fact": told[0].fact["id"]}.items() <= line.items()


async def test_requests_that_share_a_message_or_a_batch_are_linked(world: World) -> None:
    """Each decodes in the trace of its own request; what is done for several at once points to them."""
    traces = [given() for _ in range(40)]
    await asyncio.gather(
        *(world.client.post(CUSTOMERS, customer(), traceparent=traceparent) for traceparent, _ in traces)
    )
    ids = {trace_id for _, trace_id in traces}

    def of(spans: list[Spanned], what: str) -> list[Spanned]:
        return [span for span in spans if span.trace_id in ids and span.name.startswith(what)]

    def all_there(spans: list[Spanned]) -> bool:
        """Of both processes, which send what they have once a second; the publishes before the posts."""
        return all(ids == {span.trace_id for span in of(spans, what)} for what in ("POST", "decode"))

    spans = await world.collector.until(all_there)
    posts = {span.id for span in of(spans, "POST")}
    shared = [span for span in spans if span.name == "publish ingestions" and len(span.links) > 1]
    linked = [span for span in of(spans, "decode") if span.links]
    assert 40 == len(posts)
    assert shared, "no two of 40 requests at once shared a message"
    assert all(set(span.links) <= posts for span in shared if posts & set(span.links))
    assert linked, "no two of them met in one batch"
    assert posts >= {span.parent for span in linked}


async def test_a_dead_letter_is_told_of_with_its_ids(world: World) -> None:
    """In the ingestor's log, of whatever level an operator reads."""
    traceparent, trace_id = given()
    body = {"customers": [customer()["customer"], {"id": 7}]}
    status, answer = await world.client.post(
        CUSTOMERS, body, Prefer="wait=20, handling=lenient", traceparent=traceparent
    )
    line = await line_of(world.stack.ingestor, "records_dead", trace_id)
    assert 202 == status
    expected = {"ingestion": answer["correlationId"], "tenant": TENANT, "level": "info", "letters": 1}
    assert expected.items() <= line.items()


async def test_a_call_over_grpc_continues_its_callers_trace(world: World) -> None:
    """From its metadata, down to the store."""
    traceparent, trace_id = given()
    metadata = (("authorization", f"Bearer {minted(TENANT)}"), ("traceparent", traceparent))
    async with grpc.aio.insecure_channel(world.stack.gateway.grpc) as channel:
        stub = CustomersStub(channel)
        await stub.ListCustomers(ListCustomersRequest(), metadata=metadata)
    call, read = (GATEWAY, "portico.v1.Customers/ListCustomers"), (GATEWAY, "find customers")
    await world.collector.until(lambda _: {call, read} <= names(world.collector.of(trace_id)))
    found = {span.name: span for span in world.collector.of(trace_id)}
    assert ["SERVER", 0] == [found[call[1]].kind, found[call[1]].attributes["rpc.grpc.status_code"]]
    assert found[call[1]].id == found[read[1]].parent


async def test_a_refusal_is_a_failure_of_the_span_only_where_it_is_ours(world: World) -> None:
    """A body that breaks the contract is not."""
    traceparent, trace_id = given()
    status, _ = await world.client.post(CUSTOMERS, {"customer": {"id": 7}}, traceparent=traceparent)
    await world.collector.until(lambda _: bool(world.collector.of(trace_id)))
    (span,) = world.collector.of(trace_id)
    assert [400, 400, False] == [status, span.attributes["http.response.status_code"], span.failed]
    line = await line_of(world.stack.gateway, "request_refused", trace_id)
    expected = {"tenant": TENANT, "status": 400, "code": "INVALID_PAYLOAD", "level": "debug"}
    assert expected.items() <= line.items()


async def test_a_collector_that_hangs_holds_up_nothing(
    tmp_path: Path, rabbitmq_session: RabbitNode, mongodb_url: str
) -> None:
    """Neither the answers nor, for longer than it may, the end; the log says that spans are lost."""
    name = f"portico_traces_{uuid.uuid4().hex[:8]}"
    async with hanging() as url, aiohttp.ClientSession() as session:
        process = PorticoProcess(
            "gateway",
            tmp_path,
            {
                "PORTICO_AMQP_URL": rabbitmq_session.url,
                "PORTICO_QUEUE_NAME": name,
                "PORTICO_MONGODB_URL": mongodb_url,
                "PORTICO_MONGODB_DATABASE": name,
                "PORTICO_OTLP_ENDPOINT": url,
            },
        )
        try:
            await process.start()
            status, _ = await Client(session, process.url, minted(TENANT)).post(CUSTOMERS, customer())
            async with asyncio.timeout(30):
                while "spans_lost" not in process.log():  # noqa: ASYNC110 - a file tells nobody
                    await asyncio.sleep(0.05)
            status_again, _ = await Client(session, process.url, minted(TENANT)).post(CUSTOMERS, customer())
            began = time.monotonic()
            ended = await process.terminate()
        finally:
            await process.close()
    assert [202, 202, 0] == [status, status_again, ended]
    assert 15 > time.monotonic() - began
    assert 1 == process.log().count("spans_lost")
