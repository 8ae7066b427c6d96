"""What the alert rules and the dashboard ask for is what a running Portico says; and `portico top`."""

import asyncio
import time
from collections import defaultdict
from pathlib import Path

import aiohttp
import grpc
import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from typer.testing import CliRunner

from cli.top import app
from cli.top_figures import read
from domain.clock import system_clock
from gateway.grpc.pb.portico.v1.customers_pb2 import ListCustomersRequest
from gateway.grpc.pb.portico.v1.customers_pb2_grpc import CustomersStub
from messaging.spool_file import SpoolFile
from messaging.spool_metrics import SpoolMetrics
from tests.cli.test_commands import run
from tests.support.monitoring import SCRAPED, expressions
from tests.support.odp_v1_bodies import example
from tests.support.operators import posted
from tests.support.portico import Client
from tests.support.ports import free_ports
from tests.support.promql import Promql
from tests.support.stacks import Stack
from tests.support.tokens import minted

_SAMPLES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}


async def scraped(stack: Stack) -> defaultdict[str, set[str]]:
    """The labels of every sample that a stack has, or will have, as far as they show; by its name."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    async with aiohttp.ClientSession() as session:
        for process in (stack.gateway, stack.ingestor):
            async with session.get(f"{process.admin}/metrics") as response:
                _note(await response.text(), found)
    return found


def _note(text: str, found: defaultdict[str, set[str]]) -> None:
    for family in text_string_to_metric_families(text):
        for ending in _SAMPLES.get(family.type, ()):
            found[family.name + ending] |= set()
        for sample in family.samples:
            found[sample.name] |= set(sample.labels)


def spool_metrics(folder: Path) -> str:
    """What a gateway says besides where it has a spool."""
    registry = CollectorRegistry()
    SpoolMetrics(registry, SpoolFile(folder / "spool.sqlite", 1_000_000, system_clock), system_clock)
    return generate_latest(registry).decode()


async def test_what_is_asked_for_is_there(stack: Stack, client: Client, tmp_path: Path) -> None:
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
    _note(spool_metrics(tmp_path), found)
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


async def test_a_frame_of_top_says_what_goes_on(embedded: Stack, tenant: str, tmp_path: Path) -> None:
    """Found by the data directory: rates, queue, outcomes, ledger, and what waits for operators."""
    async with aiohttp.ClientSession() as session:
        client = Client(session, embedded.gateway.url, minted(tenant))
        await posted(client, example("customers", id="shown"), example("customers", name=...))
        deadline = time.monotonic() + 30
        while not (await read(session, embedded.gateway.admin)).total("portico_dead_letters", state="open"):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.1)
    status, out, err = await run("top", "--once", "--every", "0.2", cwd=tmp_path, **embedded.beside)
    assert (0, "") == (status, err)
    assert f"Portico at {embedded.gateway.admin}" in out
    rows = {words[0]: words for line in out.splitlines() if (words := line.split())}
    assert {"front", "odp_v1", "gRPC", "queue", "records", "since", "24", "webhooks"} <= set(rows)
    assert "yes" in rows["ingestions"]
    open_letters, replaying = rows["dead"][2:4]
    assert int(open_letters.replace(",", "")) >= 1
    assert "0" == replaying


def test_top_says_where_nobody_answers() -> None:
    """In words, with the exit status 2."""
    [port] = free_ports(1)
    done = CliRunner().invoke(app, ["--once", "--url", f"http://127.0.0.1:{port}"])
    assert (2, f"no Portico answers at http://127.0.0.1:{port}\n") == (done.exit_code, done.stderr)
