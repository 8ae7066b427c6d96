"""A client who does nothing wrong, and measures how long it waits.

Requests begin when they are due, whether the ones before were answered or not, and a latency counts from
when the request was due: a server that stands still is seen by all who would have come meanwhile.
"""

import asyncio
import json
import sys
import time
from dataclasses import dataclass

import aiohttp
import uvloop


@dataclass(frozen=True)
class Errand:
    """What to ask for, and how often."""

    url: str
    token: str
    seconds: float
    a_second: float
    method: str = "POST"
    body: str = ""
    """`%d` in it becomes the number of the request."""
    connections: int = 32


async def run(errand: Errand) -> list[tuple[float, float, int]]:
    """When each request was due (in Unix seconds), its milliseconds, and its status; 0: none."""
    headers = {"Authorization": f"Bearer {errand.token}", "Content-Type": "application/json"}
    connector = aiohttp.TCPConnector(limit=errand.connections)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
        asked = []
        begin = time.time() + 0.05
        for number in range(int(errand.seconds * errand.a_second)):
            due = begin + number / errand.a_second
            await asyncio.sleep(max(0.0, due - time.time()))
            asked.append(asyncio.create_task(_ask(session, errand, number, due)))
        return [await one for one in asked]


async def _ask(
    session: aiohttp.ClientSession, errand: Errand, number: int, due: float
) -> tuple[float, float, int]:
    body = errand.body.replace("%d", f"{due:.6f}-{number}") or None
    try:
        async with session.request(errand.method, errand.url, data=body) as response:
            await response.read()
            status = response.status
    except (aiohttp.ClientError, TimeoutError):
        status = 0
    return due, (time.time() - due) * 1000, status


def main() -> None:
    """Run the errand that the argument is, in JSON, and print the requests."""
    print(json.dumps(uvloop.run(run(Errand(**json.loads(sys.argv[1]))))))


if __name__ == "__main__":
    main()
