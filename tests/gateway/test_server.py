"""The HTTP server under clients that are slow, silent or greedy, and at its end."""

import asyncio
import os
import ssl
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from aiohttp import web

from gateway.rest.server import ServerLimits, serve, server_tls
from tests.support.gateway_http import QUICK, Connection, ask, connected, hello, request, served
from tests.support.tls import self_signed


async def test_half_open_connections_are_closed_while_good_clients_are_served() -> None:
    """200 clients that never end their headers are cut at the deadline; others notice nothing."""
    async with served({"GET /": hello}, QUICK) as address, AsyncExitStack() as stack:
        half_open = [await stack.enter_async_context(connected(address)) for _ in range(200)]
        started = time.monotonic()
        for number, connection in enumerate(half_open):
            await connection.send(b"" if number % 2 else b"GET / HTTP/1.1\r\nhost: x\r\n")
        waiting = [asyncio.ensure_future(connection.closed(within=3)) for connection in half_open]
        served_meanwhile = 0
        while not all(one.done() for one in waiting):
            assert 200 == (await ask(address)).status
            served_meanwhile += 1
        took = time.monotonic() - started
        assert {True} == {one.result() for one in waiting}
    assert served_meanwhile > 5
    assert 0.2 < took < 2


async def test_dripping_headers_do_not_stretch_their_deadline() -> None:
    """The deadline runs from the first byte, however steadily the others drip in."""
    async with served({"GET /": hello}, QUICK) as address, connected(address) as connection:
        await connection.send(b"GET / HTTP/1.1\r\n")
        dripping = asyncio.ensure_future(_drip(connection))
        assert await connection.closed(within=1)
        dripping.cancel()


async def _drip(connection: Connection) -> None:
    while True:
        await connection.send(b"x-a: b\r\n")
        await asyncio.sleep(0.05)


async def test_headers_of_a_later_request_have_the_deadline_too() -> None:
    """On a kept-alive connection the clock starts with the next request's first byte."""
    limits = ServerLimits(headers=0.3, idle=60)
    async with served({"GET /": hello}, limits) as address, connected(address) as connection:
        await connection.send(request())
        assert 200 == (await connection.answer()).status
        assert not await connection.closed(within=0.5)
        await connection.send(b"GET / HT")
        assert await connection.closed(within=1)


async def test_headers_that_never_end_do_not_cost_the_request_before_them() -> None:
    """A request that is being answered is answered, then the connection ends."""

    async def slow(_: web.Request) -> web.Response:
        await asyncio.sleep(0.6)
        return web.Response(text="late")

    async with served({"GET /": slow}, QUICK) as address, connected(address) as connection:
        await connection.send(request())
        await asyncio.sleep(0.05)
        await connection.send(b"GET / HT")
        assert b"late" == (await connection.answer()).body
        assert await connection.closed(within=1)


async def test_an_idle_connection_is_kept_for_its_time_and_then_closed() -> None:
    """Several requests may share a connection; silence ends it."""
    async with served({"GET /": hello}, QUICK) as address, connected(address) as connection:
        for _ in range(3):
            await connection.send(request())
            assert 200 == (await connection.answer()).status
            assert not await connection.closed(within=0.35)
        assert await connection.closed(within=1)


async def test_the_rest_of_a_body_that_was_answered_early_is_not_waited_for() -> None:
    """An unknown path is answered at once, and the body that never comes holds nothing."""
    async with served({}, QUICK) as address, connected(address) as connection:
        await connection.send(request("POST", "/nowhere", content_length="1000000") + b"some")
        assert 404 == (await connection.answer()).status
        assert await connection.closed(within=1)


async def test_a_client_that_does_not_take_its_answer_is_cut_off() -> None:
    """Megabytes that nobody reads do not stay in memory."""
    ended = asyncio.Event()

    async def large(request: web.Request) -> web.Response:
        asyncio.current_task().add_done_callback(lambda _: ended.set())  # type: ignore[union-attr]
        return web.Response(body=b"x" * 30_000_000)

    async with served({"GET /": large}, QUICK) as address, connected(address) as connection:
        await connection.send(request())
        async with asyncio.timeout(3):
            await ended.wait()


async def test_a_client_that_takes_its_answer_slowly_gets_all_of_it() -> None:
    """Whoever keeps up in the end is not cut off."""

    async def large(_: web.Request) -> web.Response:
        return web.Response(body=b"x" * 10_000_000)

    async with (
        served({"GET /": large}, ServerLimits(answer=0.5)) as address,
        connected(address) as connection,
    ):
        await connection.send(request())
        await asyncio.sleep(0.2)
        assert 10_000_000 == len((await connection.answer()).body)
        await asyncio.sleep(0.6)
        await connection.send(request())
        assert 200 == (await connection.answer()).status


async def test_no_answer_names_a_version() -> None:
    """Good, refused and malformed requests alike."""
    async with served({"GET /": hello}) as address:
        for path in ("/", "/nowhere"):
            assert "Portico" == (await ask(address, "GET", path)).headers["Server"]
        async with connected(address) as connection:
            await connection.send(b"garbage\r\n\r\n")
            assert "Portico" == (await connection.answer()).headers["Server"]


async def test_beyond_the_bound_who_has_asked_for_nothing_makes_room() -> None:
    """The one that has waited longest: half-open connections cannot lock good clients out."""
    async with served({"GET /": hello}, ServerLimits(connections=2)) as address, AsyncExitStack() as stack:
        first, second, third = [await stack.enter_async_context(connected(address)) for _ in range(3)]
        assert await first.closed(within=5)
        for connection in (second, third):
            await connection.send(request())
            assert 200 == (await connection.answer()).status


async def test_beyond_the_bound_the_longest_idle_makes_room_and_the_busy_stay() -> None:
    """Where everybody is being answered, the newcomer is turned away."""
    asked, answer = asyncio.Event(), asyncio.Event()

    async def slow(_: web.Request) -> web.Response:
        asked.set()
        await answer.wait()
        return web.Response(text="late")

    limits = ServerLimits(connections=3)
    async with (
        served({"GET /": hello, "GET /slow": slow}, limits) as address,
        AsyncExitStack() as stack,
    ):
        idle, later_idle, *busy = [await stack.enter_async_context(connected(address)) for _ in range(3)]
        for connection in (idle, later_idle):
            await connection.send(request())
            assert 200 == (await connection.answer()).status
        await busy[0].send(request("GET", "/slow"))
        await asked.wait()
        for longest_idle in (idle, later_idle):
            asked.clear()
            busy.append(await stack.enter_async_context(connected(address)))
            await busy[-1].send(request("GET", "/slow"))
            await asked.wait()
            assert await longest_idle.closed(within=5)
        turned_away = await stack.enter_async_context(connected(address))
        assert await turned_away.closed(within=5)
        answer.set()
        assert [b"late"] * 3 == [(await connection.answer()).body for connection in busy]


async def test_a_first_request_may_come_in_pieces_and_bring_the_next() -> None:
    """Byte for byte, after an empty line, with its body, and with another behind it."""

    async def echo(got: web.Request) -> web.Response:
        return web.Response(body=await got.read())

    async with served({"POST /": echo}) as address, connected(address) as connection:
        for byte in b"\r\n" + request("POST", "/", b"first") + request("POST", "/", b"sec"):
            await connection.send(bytes([byte]))
            await asyncio.sleep(0)
        assert [b"first", b"sec"] == [(await connection.answer()).body for _ in range(2)]


async def test_what_is_in_flight_is_finished_when_the_server_ends() -> None:
    """The end waits for a running handler, and an idle connection does not hold it up."""
    begun = asyncio.Event()

    async def slow(_: web.Request) -> web.Response:
        begun.set()
        await asyncio.sleep(0.3)
        return web.Response(text="done")

    async with AsyncExitStack() as stack:
        server = served({"GET /slow": slow, "GET /": hello}, ServerLimits(shutdown=10))
        address = await server.__aenter__()
        idle = await stack.enter_async_context(connected(address))
        await idle.send(request())
        await idle.answer()
        busy = await stack.enter_async_context(connected(address))
        await busy.send(request("GET", "/slow"))
        await begun.wait()
        started = time.monotonic()
        await server.__aexit__(None, None, None)
        assert time.monotonic() - started < 2
        assert b"done" == (await busy.answer()).body
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(address.host, address.port)


async def test_a_handler_that_does_not_end_is_cut_within_the_bound() -> None:
    """The server's end is bounded whatever runs."""
    begun = asyncio.Event()

    async def endless(_: web.Request) -> web.Response:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    async with AsyncExitStack() as stack:
        server = served({"GET /": endless}, ServerLimits(shutdown=0.4))
        address = await server.__aenter__()
        connection = await stack.enter_async_context(connected(address))
        await connection.send(request())
        await begun.wait()
        started = time.monotonic()
        await server.__aexit__(None, None, None)
        assert time.monotonic() - started < 1.5


async def test_a_handler_runs_on_after_its_client_has_gone() -> None:
    """A publish that was begun is not cut short."""
    begun, finished = asyncio.Event(), asyncio.Event()

    async def handler(_: web.Request) -> web.Response:
        begun.set()
        await asyncio.sleep(0.1)
        finished.set()
        return web.Response()

    async with served({"GET /": handler}) as address:
        async with connected(address) as connection:
            await connection.send(request())
            await begun.wait()
        async with asyncio.timeout(2):
            await finished.wait()


async def test_tls_from_1_2_on_is_served_by_certificate_and_key(tmp_path: Path) -> None:
    """Ruling R6; a client that never begins its handshake is closed like one without headers."""
    certificate, key = self_signed(tmp_path)
    context = server_tls(certificate, key)
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    app = web.Application()
    app.router.add_get("/", hello)
    async with serve(app, "127.0.0.1", 0, ssl_context=context, limits=QUICK) as address:
        assert address.url.startswith("https://127.0.0.1:")
        trust = ssl.create_default_context(cafile=certificate)
        reader, writer = await asyncio.open_connection(address.host, address.port, ssl=trust)
        await Connection(reader, writer).send(request())
        assert 200 == (await Connection(reader, writer).answer()).status
        writer.close()
        async with connected(address) as connection:
            assert await connection.closed(within=2)


async def test_the_server_does_not_start_on_the_slow_lenient_parser() -> None:
    """aiohttp falls back to its Python parser without a word; this server refuses to."""
    program = (
        "import asyncio\n"
        "from aiohttp import web\n"
        "from gateway.rest.server import serve\n"
        "async def main():\n"
        "    async with serve(web.Application(), '127.0.0.1', 0): print('listening')\n"
        "asyncio.run(main())\n"
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program),
        env={**os.environ, "AIOHTTP_NO_EXTENSIONS": "1", "PYTHONPATH": os.getcwd()},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    assert (b"", True) == (output, b"C parser" in errors)


async def test_bodies_that_nobody_reads_stay_outside() -> None:
    """Connections that are not charged with anything yet hold next to nothing."""
    read = asyncio.Event()
    came: list[int] = []

    async def handler(incoming: web.Request) -> web.Response:
        await read.wait()
        came.append(incoming.content.total_bytes)
        return web.Response(text=str(len(await incoming.content.read())))

    size = 1024 * 1024
    async with served({"POST /": handler}, QUICK) as address, connected(address) as connection:
        sending = asyncio.ensure_future(
            connection.send(request("POST", content_length=str(size)) + b"x" * size)
        )
        await asyncio.sleep(0.1)
        read.set()
        assert str(size).encode() == (await connection.answer()).body
        await sending
    assert came[0] <= 16 * 1024
