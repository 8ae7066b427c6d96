"""Requests that come while the one before them is being answered."""

import asyncio

import pytest
from aiohttp import web

from gateway.rest.doorstep import Doorstep, Doorsteps
from tests.support.gateway_http import connected, request, served

LARGE = request("POST", body=b"y" * 1_000_000)


@pytest.mark.parametrize(
    ("sent", "rest", "behind"),
    [
        (request("POST", content_length="1000"), b"x" * 1000, LARGE),
        (request("POST", content_length="200000"), b"x" * 200_000, LARGE),
        (
            request("POST", transfer_encoding="chunked"),
            b"30d40\r\n" + b"x" * 200_000 + b"\r\n0\r\n\r\n",
            LARGE,
        ),
        (request("POST", content_length="1000"), b"x" * 1000, 40 * request("POST", body=b"y" * 7000)),
        (request("POST", content_length="1"), b"x", 40 * request("POST", body=b"y" * 7000)),
    ],
    ids=["short", "long", "chunked", "many", "many at once"],
)
async def test_what_comes_behind_a_body_stays_outside(sent: bytes, rest: bytes, behind: bytes) -> None:
    """Nobody is charged with it before it is read: no more is held of it than of any body, and it is
    answered in its turn."""
    go, came = asyncio.Event(), asyncio.Event()
    connections: list[web.RequestHandler] = []
    lengths: list[int] = []

    async def handler(incoming: web.Request) -> web.Response:
        connections.append(incoming.protocol)
        lengths.append(len(await incoming.content.read()))
        came.set()
        await go.wait()
        return web.Response(text="read")

    expected = [int(one.split(b"\r\n", 1)[0]) for one in behind.split(b"content-length: ")[1:]]
    async with served({"POST /": handler}) as address, connected(address) as connection:
        await connection.send(sent)
        await asyncio.sleep(0.05)
        sending = asyncio.ensure_future(connection.send(rest + behind))
        async with asyncio.timeout(20):
            await came.wait()
        await asyncio.sleep(0.1)
        held = sum(body.total_bytes for _, body in connections[0]._messages)
        go.set()
        async with asyncio.timeout(20):
            for _ in range(1 + len(expected)):
                assert 200 == (await connection.answer()).status
            await sending
    assert 0 < held <= 16 * 1024
    assert expected == lengths[1:]


@pytest.mark.parametrize(("wanted", "piece"), [(0, 8), (1, 9), (30, 38), (60, 64), (1000, 64)])
def test_a_piece_reaches_little_beyond_what_is_wanted(wanted: int, piece: int) -> None:
    """In KiB: the end of a body is taken in one piece with the head of what follows."""
    one = Doorstep(Doorsteps(5.0, lambda: True, lambda *_: None))
    one.hand_over(asyncio.Protocol(), lambda: wanted * 1024)
    assert piece * 1024 == len(one.get_buffer(-1))
