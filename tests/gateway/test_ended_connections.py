"""What a connection held is given back when it ends, not at the next full garbage collection."""

import asyncio
import gc
import weakref
from collections.abc import Iterator

import pytest
from aiohttp import web

from gateway.errors import OverloadedError
from gateway.rest.body import BodyBudget, BodyLimits, read_body
from tests.support.gateway_http import connected, request, served

HEAD = request("POST", "/", content_type="application/json", content_length="100000")
SENT = [
    b"",
    request("POST", "/", b"{}", content_type="application/json"),
    HEAD,
    HEAD + b"x" * 50_000,
    HEAD + b"x" * 100_000,
    request("POST", "/refused", b"{}", content_type="application/json") + HEAD + b"x" * 50_000,
    2 * (HEAD + b"x" * 100_000),
]


@pytest.fixture
def uncollected() -> Iterator[None]:
    """No garbage is collected in the test, and there is none when it begins."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("uncollected")
@pytest.mark.parametrize("sent", SENT, ids=range(len(SENT)))
async def test_a_connection_that_ended_holds_nothing(sent: bytes) -> None:
    """Wherever in a request its client goes away: garbage that lived for a while would stay for long."""

    async def accepted(incoming: web.Request) -> web.Response:
        seen.add(incoming.protocol)
        return web.Response(body=await read_body(incoming, BodyLimits(), BodyBudget(1_000_000)))

    async def refused(_: web.Request) -> web.Response:
        await asyncio.sleep(0.1)
        raise OverloadedError("not now")

    seen = weakref.WeakSet[web.RequestHandler]()
    async with served({"POST /": accepted, "POST /refused": refused}) as address:
        async with connected(address) as connection:
            await connection.send(request("POST", "/", b"{}", content_type="application/json") + sent)
            assert 200 == (await connection.answer()).status
            assert 1 == len(seen)
        async with asyncio.timeout(20):
            while seen:  # noqa: ASYNC110 - the end of an object has no event
                await asyncio.sleep(0.01)
