"""Clients whose connections are reset in the middle of a POST, wherever in the request that is."""

import asyncio
import json
import socket
import struct
import sys
import time
from dataclasses import asdict, dataclass
from random import Random

import uvloop

from bench.hostile.half_open import raise_descriptor_limit

_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER of no time: closing then sends RST, and throws away what was not sent."""
_SOURCES = 64


@dataclass(frozen=True)
class Resets:
    """How many connections, and what each would have sent."""

    host: str
    port: int
    token: str
    seed: int
    connections: int
    at_a_time: int = 64
    records: int = 20


@dataclass
class Done:
    """What was done."""

    reset: int = 0
    refused: int = 0
    seconds: float = 0.0


def request(resets: Resets, number: int) -> bytes:
    """A whole POST of a batch."""
    leads = [{"id": f"reset-{number}-{n}", "source": "s", "status": "new"} for n in range(resets.records)]
    body = json.dumps({"leads": leads}).encode()
    return (
        "POST /v1/customer/leads:ingest HTTP/1.1\r\nHost: portico\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {resets.token}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


async def run(resets: Resets) -> Done:
    """Reset them all: half as soon as the bytes are sent, half a little later."""
    random = Random(resets.seed)  # noqa: S311 - what is cut where must be the same again
    done, started = Done(), time.monotonic()
    numbers = iter(range(resets.connections))

    async def worker() -> None:
        for number in numbers:
            whole = request(resets, number)
            cut = random.randrange(1, len(whole))  # never all of it
            pause = random.choice([0.0, random.random() * 0.02])
            try:
                await _reset(resets, number, whole[:cut], pause)
                done.reset += 1
            except OSError:
                done.refused += 1

    await asyncio.gather(*(worker() for _ in range(resets.at_a_time)))
    done.seconds = round(time.monotonic() - started, 1)
    return done


async def _reset(resets: Resets, number: int, sent: bytes, pause: float) -> None:
    loop = asyncio.get_running_loop()
    with socket.socket() as one:
        one.setblocking(False)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        one.bind((f"127.0.0.{2 + number % _SOURCES}", 0))
        await loop.sock_connect(one, (resets.host, resets.port))
        await loop.sock_sendall(one, sent)
        await asyncio.sleep(pause)


def main() -> None:
    """Reset as the argument says, in JSON, and print what was done."""
    resets = Resets(**json.loads(sys.argv[1]))
    raise_descriptor_limit(resets.at_a_time + 100)
    print(json.dumps(asdict(uvloop.run(run(resets)))))


if __name__ == "__main__":
    main()
