"""A load generator for HTTP: requests rendered beforehand, over connections of its own.

It does as little as a client can, so that what is measured is the server; the row `generator` of
the report says how far it comes with a server that does nothing.
"""

import asyncio
import re
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import cast

from bench.latency import due_times, percentiles

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_PATIENCE = 30.0


class SendingError(Exception):
    """A server did not accept what it was sent."""


def render(path: str, body: bytes, token: str = "") -> bytes:
    """A POST of JSON, ready to be sent."""
    authorization = f"Authorization: Bearer {token}\r\n" if token else ""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{authorization}"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Connection(asyncio.Protocol):
    """One connection, with one request under way at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._answered: Callable[[bool], None] | None = None
        self.refusal = b""

    @property
    def closed(self) -> bool:
        """Whether the server has closed it."""
        return self._transport is None or self._transport.is_closing()

    def send(self, request: bytes, answered: Callable[[bool], None]) -> None:
        """Send; `answered` is told, once, whether the server accepted it."""
        self._answered = answered
        if self._transport is None or self.closed:
            self.connection_lost(None)
        else:
            self._transport.write(request)

    def close(self) -> None:
        """Close."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """A part of an answer."""
        self._buffer = buffer = self._buffer + data if self._buffer else data
        end = buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        length = _LENGTH.search(buffer, 0, end)
        if len(buffer) < end + 4 + (int(length[1]) if length else 0):
            return
        self._buffer = b""
        accepted = buffer.startswith(b"HTTP/1.1 2")
        if not accepted:
            self.refusal = buffer[:500]
        self._settle(accepted)

    def connection_lost(self, _: Exception | None) -> None:
        """The connection is gone, and with it what was under way."""
        self._settle(False)

    def _settle(self, accepted: bool) -> None:
        answered, self._answered = self._answered, None
        if answered is not None:
            answered(accepted)


@asynccontextmanager
async def connections(port: int, count: int) -> AsyncIterator[list[Connection]]:
    """`count` connections to a port of this machine."""
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        made = []
        for _ in range(count):
            _, connection = await loop.create_connection(Connection, "127.0.0.1", port)
            stack.callback(connection.close)
            made.append(connection)
        yield made


@dataclass(slots=True)
class Sent:
    """What a load brought."""

    requests: int
    seconds: float
    latency_ms: dict[str, float]

    @property
    def rate(self) -> float:
        """Accepted requests a second."""
        return self.requests / self.seconds


async def as_fast_as_answered(
    clients: Sequence[Connection], requests: Sequence[bytes], seconds: float, *, refusals: bool = False
) -> Sent:
    """Each of `clients` sends its next request when the last one is answered, for so many `seconds`.

    Raises SendingError where one is not accepted, unless `refusals` are expected too.
    """
    load = _ClosedLoop(requests, time.perf_counter() + seconds, refusals=refusals)
    async with asyncio.timeout(seconds + _PATIENCE):
        await load.run(clients)
    return Sent(len(load.done), load.done[-1] - load.begun, percentiles(load.due, load.done))


async def at_rate(
    clients: Sequence[Connection], requests: Sequence[bytes], rate: float, seconds: float
) -> Sent:
    """Requests become due at an even `rate`, whatever the answers do; latencies count from then.

    Raises SendingError where one is not accepted.
    """
    load = _OpenLoop(clients, requests, due_times(rate, seconds))
    async with asyncio.timeout(seconds + _PATIENCE):
        await load.run()
    return Sent(len(load.done), max(load.done), percentiles(load.due, load.done))


class _ClosedLoop:
    def __init__(self, requests: Sequence[bytes], until: float, *, refusals: bool) -> None:
        self._requests = requests
        self._until = until
        self._refusals = refusals
        self._next = 0
        self._busy = 0
        self._over = asyncio.get_running_loop().create_future()
        self.begun = time.perf_counter()
        self.due: list[float] = []
        self.done: list[float] = []

    async def run(self, clients: Sequence[Connection]) -> None:
        self._busy = len(clients)
        for client in clients:
            self._send(client)
        await self._over

    def _send(self, client: Connection) -> None:
        now = time.perf_counter()
        if now >= self._until or self._over.done() or client.closed:
            self._busy -= 1
            if not self._busy and not self._over.done():
                self._over.set_result(None)
            return
        request = self._requests[self._next % len(self._requests)]
        self._next += 1

        def answered(accepted: bool) -> None:
            if not accepted and not self._refusals:
                _refused(self._over, client)
                return
            self.due.append(now)
            self.done.append(time.perf_counter())
            self._send(client)

        client.send(request, answered)


class _OpenLoop:
    def __init__(
        self, clients: Sequence[Connection], requests: Sequence[bytes], due: Sequence[float]
    ) -> None:
        self._free = list(clients)
        self._requests = requests
        self._waiting: deque[int] = deque()
        self._over = asyncio.get_running_loop().create_future()
        self._begun = 0.0
        self._left = len(due)
        self.due = due
        self.done = [0.0] * len(due)

    async def run(self) -> None:
        self._begun = time.perf_counter()
        for number, due in enumerate(self.due):
            if (pause := self._begun + due - time.perf_counter()) > 0:
                await asyncio.sleep(pause)
            self._waiting.append(number)
            self._send()
            if self._over.done():
                break
        await self._over

    def _send(self) -> None:
        while self._free and self._waiting:
            client, number = self._free.pop(), self._waiting.popleft()

            def answered(accepted: bool, client: Connection = client, number: int = number) -> None:
                if not accepted:
                    _refused(self._over, client)
                    return
                self.done[number] = time.perf_counter() - self._begun
                self._left -= 1
                self._free.append(client)
                if not self._left and not self._over.done():
                    self._over.set_result(None)
                self._send()

            client.send(self._requests[number % len(self._requests)], answered)


def _refused(over: "asyncio.Future[None]", client: Connection) -> None:
    if not over.done():
        words = client.refusal.decode(errors="replace") or "the connection was closed"
        over.set_exception(SendingError(words))
