"""Clients who mean harm, in small numbers; `make hostile` sends the large ones."""

import asyncio
import time
from contextlib import AsyncExitStack

import aiohttp

from bench.hostile import fuzz, resets
from gateway.rest.server import Address
from tests.support.gateway_http import Connection, connected, request
from tests.support.odp_v1_bodies import one
from tests.support.portico import Client
from tests.support.stacks import Stack
from tests.support.wire import ask, ingest

_EACH = 40


async def test_half_open_connections_of_all_kinds_are_gone_in_seconds(
    embedded: Stack, caller: Client
) -> None:
    """Silent, or in the middle of headers or body, over REST and gRPC; others are served meanwhile."""
    rest, grpc = (Address("127.0.0.1", port, tls=False) for port in embedded.gateway.ports[:2])
    head = request(
        "POST",
        "/v1/customer/leads:ingest",
        content_type="application/json",
        authorization=f"Bearer {caller.token}",
        content_length="1000",
    )
    kinds = [
        (rest, b""),
        (rest, b"GET / HTTP/1.1\r\nhost: x\r\nx: "),
        (rest, head + one("leads")),
        (grpc, b""),
        (grpc, b"PRI * HTTP/2.0\r\n"),
    ]
    async with AsyncExitStack() as stack:
        held: list[Connection] = []
        for address, sent in kinds * _EACH:
            held.append(await stack.enter_async_context(connected(address)))
            await held[-1].send(sent)
        last = time.monotonic()
        gone = asyncio.gather(*(_gone(connection) for connection in held))
        while not gone.done():
            assert 202 == (await ingest(caller, "leads", one("leads"))).status
            assert 404 == (await ask(caller, "GET", "/nowhere")).status
            await asyncio.sleep(0.1)
        await gone
        assert time.monotonic() - last < 10  # 5 by the clock, the rest for a busy machine


async def _gone(connection: Connection) -> None:
    try:
        async with asyncio.timeout(30):
            while await connection.reader.read(65_536):
                pass
    except ConnectionError:
        return


async def _accepted(stack: Stack) -> float:
    """Ingestions that were accepted since the gateway began."""
    async with aiohttp.ClientSession() as session, session.get(f"{stack.gateway.admin}/metrics") as answer:
        lines = (await answer.text()).splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(_ACCEPTED))


_ACCEPTED = "portico_gateway_accepted_ingestions_total"


async def test_a_post_that_is_reset_in_the_middle_leaves_nothing(embedded: Stack, caller: Client) -> None:
    """Wherever it is cut: nothing is accepted, and the next one is."""
    await ingest(caller, "leads", one("leads"))
    before = await _accepted(embedded)
    done = await resets.run(resets.Resets("127.0.0.1", embedded.gateway.ports[0], caller.token, 7, 400))
    assert (400, 0) == (done.reset, done.refused)
    assert 202 == (await ingest(caller, "leads", one("leads"))).status
    assert before + 1 == await _accepted(embedded)


async def test_bent_bodies_are_never_our_fault(embedded: Stack, caller: Client) -> None:
    """Examples of both contracts with bytes and members bent, as `make fuzz` sends them by the million."""
    campaign = fuzz.Campaign("127.0.0.1", embedded.gateway.ports[0], caller.token, 11, 1500, 60)
    found = await fuzz.Fuzzer(campaign).run()
    assert [] == found.failures
    assert (1500, True, True) == (found.sent, found.statuses[400] > 500, found.statuses[202] > 100)
