"""A gateway's HTTP server with a few plain handlers, and raw sockets to talk to it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, NamedTuple

from aiohttp import web
from aiohttp.typedefs import Handler

from gateway.rest.errors import error_middleware, surfaces
from gateway.rest.odp_errors import odp_renderer
from gateway.rest.refusals import refusal
from gateway.rest.request_id import request_id_middleware
from gateway.rest.server import Address, ServerLimits, serve

QUICK = ServerLimits(headers=0.3, idle=0.6, answer=0.5, lingering=0.2, shutdown=2.0)


async def hello(_: web.Request) -> web.Response:
    """Answer at once."""
    return web.Response(text="hello")


class Answer(NamedTuple):
    """One HTTP answer, as it was on the wire."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def error(self) -> dict[str, Any]:
        """The error of the nested model."""
        error: dict[str, Any] = json.loads(self.body)["error"]
        return error


@asynccontextmanager
async def served(
    routes: dict[str, Handler], limits: ServerLimits | None = None, **options: Any
) -> AsyncIterator[Address]:
    """Serve `routes`, written as "METHOD /path", with the gateway's middlewares."""
    render = odp_renderer()
    middlewares = [
        request_id_middleware,
        error_middleware(surfaces({"/v1/customer": render}, render), refusal),
    ]
    app = web.Application(middlewares=middlewares)
    for route, handler in routes.items():
        method, path = route.split()
        app.router.add_route(method, path, handler)
    async with serve(app, "127.0.0.1", 0, limits=limits, **options) as address:
        yield address


class Connection:
    """A TCP connection that sends exactly the bytes it is told to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        """Send `data`; a server that hung up is no error."""
        with suppress(ConnectionError):
            self.writer.write(data)
            await self.writer.drain()

    async def answer(self) -> Answer:
        """The next answer. Raises IncompleteReadError where the server hung up."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in head[1:] if line)
        body = await self.reader.readexactly(int(headers.get("Content-Length", 0)))
        return Answer(int(head[0].split()[1]), headers, body)

    async def closed(self, within: float) -> bool:
        """Whether the server hangs up in `within` seconds, and says nothing before."""
        try:
            async with asyncio.timeout(within):
                return await self.reader.read(1) == b""
        except TimeoutError:
            return False
        except ConnectionError:
            return True


@asynccontextmanager
async def connected(address: Address) -> AsyncIterator[Connection]:
    """A connection to `address`."""
    reader, writer = await asyncio.open_connection(address.host, address.port)
    try:
        yield Connection(reader, writer)
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


def request(method: str = "GET", path: str = "/", body: bytes | None = None, **headers: str) -> bytes:
    """The bytes of a request; `content_type="x"` becomes `content-type: x`."""
    lines = [f"{method} {path} HTTP/1.1", "host: gateway"]
    if body is not None and "content_length" not in headers and "transfer_encoding" not in headers:
        headers["content_length"] = str(len(body))
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b"")


async def ask(
    address: Address, method: str = "GET", path: str = "/", body: bytes | None = None, **headers: str
) -> Answer:
    """One request on its own connection."""
    async with connected(address) as connection:
        await connection.send(request(method, path, body, **headers))
        return await connection.answer()
