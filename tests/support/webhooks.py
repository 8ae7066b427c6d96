"""A receiver of webhooks that takes, fails, stalls, redirects and lies, and `portico webhooks`."""

import asyncio
import hashlib
import hmac
import json
import os
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import unused_port

from tests.support.portico import COMMAND

_PATIENCE = 40.0
HUGE = 1 << 20


@dataclass(frozen=True)
class Received:
    """One request."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def fact(self) -> dict[str, Any]:
        """The envelope."""
        found: dict[str, Any] = json.loads(self.body)
        return found

    def is_signed_with(self, secret: str) -> bool:
        """Whether the signature is that of the very bytes."""
        expected = hmac.new(secret.encode(), self.body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(expected, self.headers["X-App-Signature"])


@dataclass
class Receiver:
    """What came, by the path it came to; the path says how it is answered."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    """Customers whose facts are answered with 500, at `/picky`."""
    released: asyncio.Event = field(default_factory=asyncio.Event)
    """Ends every stall."""
    _seen: Counter[tuple[str, str]] = field(default_factory=Counter)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def at(self, path: str) -> list[Received]:
        """What came to `path`, in order."""
        return [one for one in self.received if one.path == path]

    async def gets(self, count: int, path: str) -> list[Received]:
        """What came to `path`, once that is `count` facts."""
        async with asyncio.timeout(_PATIENCE):
            while len({one.fact["id"] for one in self.at(path)}) < count:
                self._changed.clear()
                await self._changed.wait()
        return self.at(path)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer as the path says."""
        one = Received(request.path, dict(request.headers), await request.read())
        self.received.append(one)
        self._changed.set()
        self._seen[one.path, one.fact["id"]] += 1
        first = self._seen[one.path, one.fact["id"]] == 1
        status, body = 204, b""
        match request.path.strip("/"):
            case "fails" if first:
                status = 500
            case "picky" if one.fact.get("customerId") in self.refused:
                status = 500
            case "slow":
                await asyncio.sleep(0.05)
            case "stalls":
                await self.released.wait()
            case "redirects":
                raise web.HTTPTemporaryRedirect("/redirected")
            case "garbage":
                status, body = 200, b"\xff\x00<html>no JSON"
            case "closes" if first and request.transport is not None:
                request.transport.close()
            case "huge":
                status, body = 200, b"x" * HUGE * 8
        return web.Response(status=status, body=body)


@asynccontextmanager
async def receiving(port: int | None = None) -> AsyncIterator[Receiver]:
    """A receiver on a loopback port."""
    receiver, app = Receiver(), web.Application(client_max_size=32 * HUGE)
    app.router.add_post("/{path:.*}", receiver.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    port = port or unused_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    receiver.url = f"http://127.0.0.1:{port}"
    try:
        yield receiver
    finally:
        receiver.released.set()
        await runner.cleanup()


async def portico_webhooks(environment: Mapping[str, str], *arguments: str) -> tuple[int, str]:
    """`portico webhooks`: its exit status and what it printed."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PORTICO_")}
    process = await asyncio.create_subprocess_exec(
        COMMAND,
        "webhooks",
        *arguments,
        env={**plain, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, printed.decode()
