"""HTTP that is broken, slow or never ends, on the running gateway."""

import asyncio
import time
from urllib.parse import urlsplit

import pytest

from gateway.rest.server import Address
from tests.support.gateway_http import connected
from tests.support.odp_v1_bodies import one
from tests.support.portico import Client
from tests.support.wire import ask

MALFORMED = [
    b"\x16\x03\x01\x02\x00\x01secret\r\n\r\n",
    b"secret\r\n\r\n",
    b"GET /secret HTTP/9.9\r\nhost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nhost: x\r\nsecret\r\n\r\n",
    b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: secret\r\n\r\n",
    b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nsecret",
    b"GET /" + b"secret" * 3000 + b" HTTP/1.1\r\nhost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nhost: x\r\nx: " + b"secret" * 3000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nhost: x\r\nx: a\x00secret\r\n\r\n",
]


@pytest.fixture
def address(caller: Client) -> Address:
    """Where REST is."""
    return Address("127.0.0.1", urlsplit(caller.url).port or 0, tls=False)


@pytest.mark.parametrize("sent", MALFORMED, ids=range(len(MALFORMED)))
async def test_malformed_http_is_400_without_echo(address: Address, sent: bytes) -> None:
    """In the ODP error model, and the connection ends."""
    async with connected(address) as connection:
        await connection.send(sent)
        answer = await connection.answer()
        assert (400, "INVALID_REQUEST") == (answer.status, answer.error["code"])
        assert b"secret" not in answer.body + repr(answer.headers).encode()
        assert await connection.closed(within=2)


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nhost: x\r\nx: "], ids=["silent", "half"])
async def test_half_open_requests_are_closed_after_five_seconds(
    caller: Client, address: Address, sent: bytes
) -> None:
    """And others are served meanwhile."""
    async with connected(address) as connection:
        started = time.monotonic()
        await connection.send(sent)
        closing = asyncio.ensure_future(connection.closed(within=8))
        assert 404 == (await ask(caller, "GET", "/")).status
        assert await closing
        assert 4.5 < time.monotonic() - started < 7


async def test_a_body_that_ends_early_is_nothing(caller: Client, address: Address) -> None:
    """What was announced and never came is neither taken nor waited for beyond the connection."""
    body = one("leads", id="early")
    head = (
        "POST /v1/customer/leads:ingest HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        f"authorization: Bearer {caller.token}\r\ncontent-length: {len(body) + 1}\r\n\r\n"
    )
    async with connected(address) as connection:
        await connection.send(head.encode() + body)
    chunked = head.replace(f"content-length: {len(body) + 1}", "transfer-encoding: chunked")
    async with connected(address) as connection:
        await connection.send(chunked.encode() + b"zz\r\n" + body)
        answer = await connection.answer()
        assert 400 == answer.status
    assert 404 == (await ask(caller, "GET", "/")).status


async def test_a_chunked_body_has_the_same_bound(caller: Client, address: Address) -> None:
    """8 MiB, though no length announces them."""
    head = (
        "POST /v1/customer/leads:ingest HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        f"authorization: Bearer {caller.token}\r\ntransfer-encoding: chunked\r\n\r\n"
    )
    async with connected(address) as connection:
        await connection.send(head.encode())
        sending = asyncio.ensure_future(_send_chunks(connection.writer, 9 * 1024))
        answer = await connection.answer()
        sending.cancel()
        assert (413, "PAYLOAD_TOO_LARGE") == (answer.status, answer.error["code"])


async def _send_chunks(writer: asyncio.StreamWriter, kibibytes: int) -> None:
    try:
        for _ in range(kibibytes):
            writer.write(b"400\r\n" + b" " * 1024 + b"\r\n")
            await writer.drain()
    except ConnectionError:
        return


async def test_requests_on_one_connection_do_not_mix(caller: Client, address: Address) -> None:
    """A refused body is not read as the next request."""
    smuggled = b"GET /v1/customer/customers HTTP/1.1\r\nhost: x\r\n\r\n"
    head = (
        "POST /nowhere HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        f"content-length: {len(smuggled)}\r\n\r\n"
    )
    async with connected(address) as connection:
        await connection.send(head.encode() + smuggled)
        assert 404 == (await connection.answer()).status
        await connection.send(b"GET /nowhere HTTP/1.1\r\nhost: x\r\n\r\n")
        assert 404 == (await connection.answer()).status
