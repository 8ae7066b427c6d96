"""What is no HTTP, or strange: refused in the error model, without an echo."""

import asyncio

import pytest
from aiohttp import web

from tests.support.gateway_http import QUICK, ask, connected, hello, request, served

MALFORMED = [
    b"\x16\x03\x01\x02\x00\x01\x00secret\r\n\r\n",
    b"secret\r\n\r\n",
    b"GET /secret HTTP/9.9\r\nhost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nhost: x\r\nbad header secret\r\n\r\n",
    b"GET / HTTP/1.1\r\nhost: x\r\ncontent-length: secret\r\n\r\n",
    b"GET / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\nsecret",
    b"GET / HTTP/1.1\r\nhost: x\r\nx: " + b"secret" * 20_000 + b"\r\n\r\n",
    b"GET /" + b"secret" * 20_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nhost: x\r\n" + b"x: secret\r\n" * 500 + b"\r\n",
    b"GET / HTTP/1.1\r\nhost: x\r\nx\x00: secret\r\n\r\n",
]


@pytest.mark.parametrize("sent", MALFORMED, ids=range(len(MALFORMED)))
async def test_malformed_http_is_answered_without_an_echo(
    sent: bytes, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """400 in the nested error model; neither the answer nor a log line quotes the input."""
    async with served({"GET /": hello}, QUICK) as address, connected(address) as connection:
        await connection.send(sent)
        answer = await connection.answer()
        assert (400, "INVALID_REQUEST") == (answer.status, answer.error["code"])
        assert b"secret" not in answer.body
        assert answer.headers["Content-Type"].startswith("application/json")
        assert await connection.closed(within=1)
    assert "secret" not in caplog.text + "".join(capsys.readouterr())


async def test_garbage_behind_a_request_ends_the_connection() -> None:
    """What came before the garbage is answered, unless it came with it; what comes after is not."""

    async def slow(_: web.Request) -> web.Response:
        await asyncio.sleep(0.1)
        return web.Response(text="hello")

    async with served({"GET /": slow}, QUICK) as address:
        async with connected(address) as connection:
            await connection.send(request())
            await asyncio.sleep(0.05)
            await connection.send(b"garbage\r\n\r\n" + request())
            assert b"hello" == (await connection.answer()).body
            assert 400 == (await connection.answer()).status
            assert await connection.closed(within=1)
        async with connected(address) as connection:
            await connection.send(request() + b"garbage\r\n\r\n" + request())
            assert 400 == (await connection.answer()).status
            assert await connection.closed(within=1)


async def test_an_expectation_that_is_unknown_is_refused_without_an_echo() -> None:
    """aiohttp's own answer would quote the header."""
    async with served({"GET /": hello}) as address:
        answer = await ask(address, expect="secret")
    assert 417 == answer.status
    assert b"secret" not in answer.body
    assert "INVALID_REQUEST" == answer.error["code"]


@pytest.mark.parametrize(
    "line",
    [
        b"OPTIONS * HTTP/1.1",
        b"CONNECT gateway:1 HTTP/1.1",
        b"GET http://elsewhere/nothing HTTP/1.1",
        b"GET //nothing HTTP/1.1",
        b"GET /%ff%00%2e%2e HTTP/1.1",
        b"GET /v1/customer/%zz?%ff=%00 HTTP/1.1",
        b"GET /a/../../b HTTP/1.1",
        b"PRI * HTTP/2.0",
        b"BREW /nothing HTTP/1.1",
        b"GET /nothing HTTP/1.0",
        b"GET http://[::1/nothing HTTP/1.1",
        b"GET /nothing HTTP/1.1\r\nupgrade: websocket\r\nconnection: upgrade",
        b"GET /nothing HTTP/1.1\r\nupgrade: h2c\r\nconnection: upgrade, http2-settings",
        b"GET /nothing HTTP/1.1\r\nhost: another",
    ],
)
async def test_strange_requests_are_refused_in_the_error_model(line: bytes) -> None:
    """Whatever HTTP allows in a request line or asks to become: 400, 404 or 405, never a 5xx."""
    async with served({"GET /": hello}, QUICK) as address, connected(address) as connection:
        await connection.send(line + b"\r\nhost: x\r\n\r\n")
        answer = await connection.answer()
        assert answer.status in {400, 404, 405}
        assert {"code", "message", "details", "retryable", "timestamp"} == answer.error.keys()
