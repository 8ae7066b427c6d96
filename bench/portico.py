"""Portico under measurement: its own commands, started as a user starts them, with default settings."""

import sys
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import jwt

from bench.processes import Program, free_port, program
from bench.world import World
from domain.clock import system_clock
from domain.ingestion_id import IngestionIds
from messaging.amqp import AmqpQueue
from messaging.envelope import Ingestion, pack

_COMMAND = Path(sys.executable).with_name("portico")
_KEY = "a-key-of-the-benchmark-that-is-long-enough-for-hs256"
_SECRET = "a-secret-of-the-benchmark"  # noqa: S105 - of a Portico that lives for minutes on a loopback port
TENANT = "acme"
"""Whose records are sent."""
_OPERATION = "odp.v1.customers"
PATH = "/v1/customer/customers:ingest"
_MIB = 1024 * 1024
_CONFIRMED_WITHIN = 30.0


@dataclass(frozen=True)
class Portico:
    """One deployment: a queue and a database of its own, and the processes started for it."""

    world: World
    name: str
    settings: dict[str, str] = field(default_factory=dict)
    """Beside the defaults."""

    @property
    def queue(self) -> str:
        """The queue's name."""
        return f"{self.name}.ingestions"

    @property
    def token(self) -> str:
        """A token that may do all that is measured."""
        now = int(time.time())
        claims = {
            **{"iss": "portico", "aud": "portico", "sub": "bench", "org": TENANT, "scope": "od.crm"},
            **{"iat": now, "exp": now + 4 * 3600},
        }
        return jwt.encode(claims, _KEY, algorithm="HS256")

    @asynccontextmanager
    async def gateway(self) -> AsyncIterator["Gateway"]:
        """A gateway."""
        grpc = free_port()
        async with self._run("gateway", PORTICO_GRPC_PORT=str(grpc)) as running:
            yield Gateway(running.pid, running.port, grpc)

    @asynccontextmanager
    async def ingestor(self) -> AsyncIterator[Program]:
        """An ingestor."""
        async with self._run("ingestor") as running:
            yield running

    async def put(self, bodies: Iterable[bytes]) -> list[str]:
        """Put `bodies` on the queue, each an ingestion as a gateway makes it; their ids."""
        ids = IngestionIds(_SECRET.encode())
        queue = AmqpQueue(self.world.amqp_url, name=self.queue, max_messages=1_000_000, max_bytes=4096 * _MIB)
        made = [
            Ingestion(
                id=ids.mint(TENANT),
                operation=_OPERATION,
                tenant=TENANT,
                body=body,
                principal="bench",
                accepted_at=system_clock(),
            )
            for body in bodies
        ]
        async with queue.publisher() as publisher:
            for one in made:
                await publisher.publish(pack([one]), _CONFIRMED_WITHIN)
        return [one.id for one in made]

    @asynccontextmanager
    async def _run(self, command: str, **more: str) -> AsyncIterator[Program]:
        rest, admin = free_port(), free_port()
        own = {
            "PORTICO_PORT": str(rest),
            "PORTICO_GRPC_PORT": str(free_port()),
            "PORTICO_ADMIN_PORT": str(admin),
            "PORTICO_AMQP_URL": self.world.amqp_url,
            "PORTICO_QUEUE_NAME": self.queue,
            "PORTICO_MONGODB_URL": self.world.mongodb_url,
            "PORTICO_MONGODB_DATABASE": self.name,
            "PORTICO_DATA_DIR": str(self.world.home / self.name),
            "PORTICO_JWT_KEY": _KEY,
            "PORTICO_INGESTION_SECRET": _SECRET,
            "PORTICO_LOG_FORMAT": "json",
        }
        async with program(
            _COMMAND,
            command,
            log=self.world.home / f"{self.name}-{command}-{admin}.log",
            port=rest if command == "gateway" else admin,
            env={**own, **self.settings, **more},
        ) as running:
            yield running


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway that runs, and its ports."""

    pid: int
    rest: int
    grpc: int
