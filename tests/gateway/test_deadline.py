"""The one deadline of every request."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from gateway.rest.deadline import DeadlineError, in_time
from tests.support.gateway_http import ask, served

REQUEST = make_mocked_request("GET", "/")


def sleeping(seconds: float) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """A handler that takes so long."""

    async def handler(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(seconds)
        return web.Response(text="done")

    return handler


async def test_what_takes_too_long_is_ended_and_nothing_else() -> None:
    """Each by its own time, though one timer serves them all, and again after it had nothing to do."""
    deadline = in_time(0.3)
    for _ in range(2):
        late = asyncio.ensure_future(deadline(REQUEST, sleeping(20)))
        quick = asyncio.ensure_future(deadline(REQUEST, sleeping(0)))
        await asyncio.sleep(0.15)
        begun = asyncio.get_running_loop().time()
        later = asyncio.ensure_future(deadline(REQUEST, sleeping(20)))
        for one in (late, later):
            with pytest.raises(DeadlineError):
                await one
        assert asyncio.get_running_loop().time() - begun >= 0.29
        assert 200 == (await quick).status


async def test_who_is_cancelled_by_another_is_not_late() -> None:
    """A server that ends is no deadline."""
    task = asyncio.ensure_future(in_time(20)(REQUEST, sleeping(20)))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_late_request_is_to_come_again() -> None:
    """It is told so in the words of its surface."""
    deadline = in_time(0.1)

    async def handler(request: web.Request) -> web.StreamResponse:
        return await deadline(request, sleeping(20))

    async with served({"GET /": handler}) as address:
        answer = await ask(address)
    assert (503, "SERVICE_UNAVAILABLE", True) == (
        answer.status,
        answer.error["code"],
        answer.error["retryable"],
    )
