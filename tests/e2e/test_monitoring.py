"""What the alert rules and the dashboard ask for is what a running Portico says of itself."""

import asyncio
import time
from collections import defaultdict

import aiohttp
import grpc
import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway.grpc.pb.portico.v1.customers_pb2 import ListCustomersRequest
from gateway.grpc.pb.portico.v1.customers_pb2_grpc import CustomersStub
from tests.support.monitoring import SCRAPED, expressions
from tests.support.odp_v1_bodies import example
from tests.support.operators import posted
from tests.support.portico import Client
from tests.support.promql import Promql
from tests.support.stacks import Stack

_SAMPLES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}


async def scraped(stack: Stack) -> defaultdict[str, set[str]]:
    """The labels of every sample that a stack has, or will have, as far as they show; by its name."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    async with aiohttp.ClientSession() as session:
        for process in (stack.gateway, stack.ingestor):
            async with session.get(f"{process.admin}/metrics") as response:
                text = await response.text()
            for family in text_string_to_metric_families(text):
                for ending in _SAMPLES.get(family.type, ()):
                    found[family.name + ending] |= set()
                for sample in family.samples:
                    found[sample.name] |= set(sample.labels)
    return found


async def test_what_is_asked_for_is_there(stack: Stack, client: Client) -> None:
    """Every metric of the rules and the dashboard, with the labels that it is asked by."""
    counts = await posted(client, example("customers", id="monitored"), example("customers", name=...))
    assert {"created": 1, "dead": 1} == counts
    async with grpc.aio.insecure_channel(stack.gateway.grpc) as channel:
        with pytest.raises(grpc.aio.AioRpcError):
            await CustomersStub(channel).ListCustomers(ListCustomersRequest())
    late = ("portico_dead_letters", "portico_queue_up", "portico_grpc_calls_total")
    deadline, found = time.monotonic() + 30, await scraped(stack)
    while not all(found[name] for name in late):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)
        found = await scraped(stack)
    for who, text in expressions():
        for metric, labels in Promql(text).labels.items():
            assert metric in found, who
            shown = found[metric]
            assert not shown or labels <= shown | SCRAPED, (who, metric, labels - shown)
    labelled = {name for name, shown in found.items() if shown}
    assert {
        *("portico_http_requests_total", "portico_gateway_accepted_records_total"),
        *(
            "portico_ingestor_records_total",
            "portico_ingestor_dead_letters_total",
            "portico_grpc_calls_total",
        ),
        *("portico_store_command_seconds_bucket", "portico_queue_publishes_total", "portico_replay_jobs"),
    } <= labelled
