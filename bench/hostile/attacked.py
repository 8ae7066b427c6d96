"""What is attacked: a Portico that runs, on either stack, and how hard to hit it."""

import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from bench.services import broker_version, running_store
from tests.support.rabbitmq import RabbitNode
from tests.support.stacks import Stack, embedded_stack, production_stack
from tests.support.tokens import minted

STACKS = {
    "embedded": "`portico up`, all in one process, with its embedded store",
    "production": "a gateway, an ingestor, RabbitMQ and a MongoDB server, a process each",
}
"""Each with what the report says of it."""


@asynccontextmanager
async def running(stack: str, home: Path, settings: dict[str, str]) -> AsyncIterator[tuple[Stack, str]]:
    """One of `STACKS` in `home`, and what it stands on where that is not Portico's own.

    The store of the production stack is the benchmark's: the fastest that is installed, journaled.
    Raises MissingError where none is.
    """
    if stack == "embedded":
        async with embedded_stack(home, **settings) as started:
            yield started, ""
        return
    with RabbitNode() as broker:
        async with (
            running_store(home) as (url, _, title),
            production_stack(
                home, amqp_url=broker.url, queue="hostile", mongodb_url=url, database="hostile", **settings
            ) as started,
        ):
            yield started, f"RabbitMQ {broker_version()}, {title}"


@dataclass(frozen=True)
class Attacked:
    """A running Portico, and how hard to hit it."""

    stack: Stack
    share: float
    """Of the full numbers."""
    seed: int

    def number(self, full: int) -> int:
        """As many as that share of `full`."""
        return max(1, round(full * self.share))

    def token(self, tenant: str) -> str:
        """One that lasts for the longest attack."""
        return minted(tenant, exp=int(time.time()) + 24 * 3600)

    @property
    def where(self) -> dict[str, Any]:
        """The address, for a child."""
        return {"host": "127.0.0.1", "port": self.stack.gateway.ports[0]}

    async def metric(self, name: str) -> float:
        """A metric, all its labels and processes together."""
        addresses = {one.admin for one in (self.stack.gateway, self.stack.ingestor)}
        return sum([await _metric(address, name) for address in addresses])

    def memory(self) -> int:
        """Resident bytes of the gateway's process, which on the embedded stack is the only one."""
        pages = Path(f"/proc/{self.stack.gateway.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")


async def _metric(address: str, name: str) -> float:
    async with aiohttp.ClientSession() as session, session.get(f"{address}/metrics") as answer:
        lines = (await answer.text()).splitlines()
    found = [line for line in lines if line.startswith((f"{name} ", f"{name}{{"))]
    return sum(float(line.rsplit(" ", 1)[1]) for line in found)
