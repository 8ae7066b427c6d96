"""A tenant who sends as much as it can, and does not wait when it is told to."""

import asyncio
import json
import sys
import time
from collections import Counter
from dataclasses import dataclass

import aiohttp
import uvloop


@dataclass(frozen=True)
class Flood:
    """What is sent, by how many at a time."""

    url: str
    token: str
    seconds: float
    connections: int
    records: int
    """Leads in each body; 0: a body that is malformed."""
    padding: int
    """Bytes that make each record longer."""


async def run(flood: Flood) -> Counter[int]:
    """How often each status was answered; 0: none."""
    lead = {"id": "flood", "source": "x" * flood.padding, "status": "new"}
    body = json.dumps({"leads": [lead] * flood.records}) if flood.records else '{"leads": [{"id": '
    headers = {"Authorization": f"Bearer {flood.token}", "Content-Type": "application/json"}
    answered: Counter[int] = Counter()
    end = time.monotonic() + flood.seconds

    async def send(session: aiohttp.ClientSession) -> None:
        while time.monotonic() < end:
            try:
                async with session.post(flood.url, data=body) as response:
                    await response.read()
                    answered[response.status] += 1
            except (aiohttp.ClientError, TimeoutError):
                answered[0] += 1

    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
        await asyncio.gather(*(send(session) for _ in range(flood.connections)))
    return answered


def main() -> None:
    """Flood as the argument says, in JSON, and print how it was answered."""
    print(json.dumps(uvloop.run(run(Flood(**json.loads(sys.argv[1]))))))


if __name__ == "__main__":
    main()
