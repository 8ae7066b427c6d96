"""The two stacks that every end-to-end test runs on."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.portico import PorticoProcess


@dataclass
class Stack:
    """A running Portico."""

    gateway: PorticoProcess
    ingestor: PorticoProcess
    """The same process as the gateway on the embedded stack."""
    mongodb_url: str
    database: str

    @property
    def beside(self) -> dict[str, str]:
        """The settings of a command that is typed on its machine."""
        return {"PORTICO_DATA_DIR": str(self.gateway.home / "data"), **self.gateway.environment}


@asynccontextmanager
async def embedded_stack(home: Path, **environment: str) -> AsyncIterator[Stack]:
    """`portico up`: SQLite queue and embedded MongoDB server."""
    process = PorticoProcess("up", home, environment)
    try:
        await process.start()
        yield Stack(process, process, str(logged(process, "embedded_mongodb_started")["url"]), "portico")
    finally:
        await process.close()


@asynccontextmanager
async def production_stack(
    home: Path, *, amqp_url: str, queue: str, mongodb_url: str, database: str, **environment: str
) -> AsyncIterator[Stack]:
    """`portico gateway` and `portico ingestor` on RabbitMQ and MongoDB."""
    shared = {
        "PORTICO_AMQP_URL": amqp_url,
        "PORTICO_QUEUE_NAME": queue,
        "PORTICO_MONGODB_URL": mongodb_url,
        "PORTICO_MONGODB_DATABASE": database,
        **environment,
    }
    gateway = PorticoProcess("gateway", home, shared)
    ingestor = PorticoProcess("ingestor", home, shared)
    try:
        await gateway.start()
        await ingestor.start()
        yield Stack(gateway, ingestor, mongodb_url, database)
    finally:
        await gateway.close()
        await ingestor.close()


def logged(process: PorticoProcess, event: str) -> dict[str, object]:
    """The newest log line of `process` that tells of `event`."""
    lines = [line for line in process.log().splitlines() if line.startswith("{")]
    found: dict[str, object] = next(
        entry for line in reversed(lines) if (entry := json.loads(line)).get("event") == event
    )
    return found
