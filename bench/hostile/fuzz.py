"""Sends bent bodies as fast as they are answered, and keeps what was answered with a 5xx."""

import asyncio
import json
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

import uvloop

from bench.hostile.mutate import Bent, Mutator

_KEPT = 20
_ANSWER_WITHIN = 60.0


@dataclass(frozen=True)
class Campaign:
    """How many bodies, from which seed, to whom."""

    host: str
    port: int
    token: str
    seed: int
    bodies: int
    seconds: float
    """No more is begun after these."""
    connections: int = 32


@dataclass
class Found:
    """What was answered."""

    sent: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    connections: int = 0
    seconds: float = 0.0
    failures: list[str] = field(default_factory=list)
    """The first requests answered with a 5xx, or not at all."""


class Fuzzer:
    """Runs a `Campaign`."""

    def __init__(self, campaign: Campaign) -> None:
        self._campaign = campaign
        self._mutator = Mutator(campaign.seed)
        self._found = Found()
        self._left = campaign.bodies
        self._end = time.monotonic() + campaign.seconds

    async def run(self) -> Found:
        """Send all, or as many as there is time for."""
        started = time.monotonic()
        await asyncio.gather(*(self._send_all() for _ in range(self._campaign.connections)))
        self._found.seconds = round(time.monotonic() - started, 1)
        return self._found

    async def _send_all(self) -> None:
        while self._more():
            reader, writer = await asyncio.open_connection(self._campaign.host, self._campaign.port)
            self._found.connections += 1
            while self._more():
                self._left -= 1
                if not await self._ask(reader, writer, self._mutator.next()):
                    break
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    def _more(self) -> bool:
        return self._left > 0 and time.monotonic() < self._end

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, bent: Bent) -> bool:
        """Send `bent` and count its answer; whether the connection may be used again."""
        try:
            async with asyncio.timeout(_ANSWER_WITHIN):
                writer.write(self._request(bent))
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                _, _, length = head.partition(b"content-length: ")
                if length:
                    await reader.readexactly(int(length.split(b"\r\n", 1)[0]))
        except (ConnectionError, asyncio.IncompleteReadError, TimeoutError):
            head = b"http/1.1 0 none"
        status = int(head.split(b" ", 2)[1])
        self._found.sent += 1
        self._found.statuses[status] += 1
        if (status >= 500 or status == 0) and len(self._found.failures) < _KEPT:
            self._found.failures.append(f"{status} {bent!r}")
        return status != 0 and b"connection: close" not in head

    def _request(self, bent: Bent) -> bytes:
        optional = [("Prefer", bent.prefer), ("Idempotency-Key", bent.key)]
        named = "".join(f"{name}: {value}\r\n" for name, value in optional if value)
        return (
            f"POST {bent.path} HTTP/1.1\r\nHost: portico\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {self._campaign.token}\r\n{named}Content-Length: {len(bent.body)}\r\n\r\n"
        ).encode() + bent.body


def main() -> None:
    """Run the campaign that the argument is, in JSON, and print what was found."""
    print(json.dumps(vars(uvloop.run(Fuzzer(Campaign(**json.loads(sys.argv[1]))).run()))))


if __name__ == "__main__":
    main()
