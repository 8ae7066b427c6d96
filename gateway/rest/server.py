"""The HTTP server: aiohttp's, with a deadline on everything that a client may take its time for."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import http_parser, web

from gateway.rest.errors import Render
from gateway.rest.odp_errors import odp_renderer
from gateway.rest.protocol import HardenedServer, ServerLimits

__all__ = ["Address", "ServerLimits", "serve", "server_tls"]

_BACKLOG = 4096
"""Connections that wait to be accepted; one that finds no place there is tried again after a second."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens."""

    host: str
    port: int
    tls: bool

    @property
    def url(self) -> str:
        """The base URL, without a slash at its end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"


def server_tls(certificate: Path, key: Path) -> ssl.SSLContext:
    """TLS 1.2 and later with a PEM certificate chain and its key. Raises OSError, ssl.SSLError."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    return context


@asynccontextmanager
async def serve(
    app: web.Application,
    host: str,
    port: int,
    *,
    ssl_context: ssl.SSLContext | None = None,
    limits: ServerLimits | None = None,
    render: Render | None = None,
) -> AsyncIterator[Address]:
    """Serve `app` until the block ends; `port` 0 takes a free one.

    At the end nothing more is accepted, what is in flight is finished within
    `limits.shutdown` seconds, and the rest is cut. `render` answers malformed HTTP. Raises OSError
    where the address cannot be had, RuntimeError where aiohttp lacks its C parser.
    """
    if http_parser.HttpRequestParser is http_parser.HttpRequestParserPy:
        raise RuntimeError("aiohttp runs without its C parser: install a wheel, or build it with one")
    limits = limits or ServerLimits()
    app.on_response_prepare.append(_name_no_version)
    runner = _Runner(app, limits, render or odp_renderer())
    await runner.setup()
    try:
        site = _Site(runner, host, port, ssl_context, limits.headers)
        await site.start()
        yield Address(host, runner.addresses[0][1], ssl_context is not None)
    finally:
        await runner.cleanup()


class _Runner(web.AppRunner):
    """Runs an application on a `HardenedServer`."""

    def __init__(self, app: web.Application, limits: ServerLimits, render: Render) -> None:
        # aiohttp waits this long twice: for the handlers to end, and then for their connections.
        super().__init__(app, shutdown_timeout=limits.shutdown / 2)
        self._limits = limits
        self._render = render

    async def _make_server(self) -> web.Server:
        plain = await super()._make_server()
        return HardenedServer(plain, self._limits, self._render)


class _Site(web.BaseSite):
    """A TCP site whose TLS handshakes have a deadline too."""

    def __init__(
        self,
        runner: web.AppRunner,
        host: str,
        port: int,
        ssl_context: ssl.SSLContext | None,
        handshake_timeout: float,
    ) -> None:
        super().__init__(runner, ssl_context=ssl_context, backlog=_BACKLOG)
        self._address = (host, port)
        self._handshake_timeout = handshake_timeout if ssl_context is not None else None

    @property
    def name(self) -> str:
        """The address, for aiohttp's messages."""
        return "{}:{}".format(*self._address)

    async def start(self) -> None:
        """Listen."""
        await super().start()
        server = self._runner.server
        if server is None:
            raise RuntimeError("the runner is not set up")
        self._server = await asyncio.get_running_loop().create_server(
            server,
            *self._address,
            ssl=self._ssl_context,
            backlog=self._backlog,
            ssl_handshake_timeout=self._handshake_timeout,
        )


async def _name_no_version(request: web.Request, response: web.StreamResponse) -> None:
    response.headers["Server"] = "Portico"
