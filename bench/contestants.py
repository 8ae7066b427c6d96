"""Peers and limits, as processes under measurement."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from sys import executable

from bench.processes import Program, free_port, program
from bench.services import ROOT
from bench.world import World

_NODE = ROOT / "bench" / "peers" / "node"


@dataclass(frozen=True)
class Peer:
    """One peer: how its gateway and its ingestor are started, with a queue and a database of its own."""

    name: str
    title: str

    @property
    def queue(self) -> str:
        """Its queue."""
        return f"bench_{self.name}"

    @property
    def database(self) -> str:
        """Its database."""
        return f"bench_{self.name}"

    @asynccontextmanager
    async def gateway(self, world: World) -> AsyncIterator[Program]:
        """Its front door."""
        port = free_port()
        async with self._run(world, "gateway", self._gateway_command(world, port), port) as running:
            yield running

    @asynccontextmanager
    async def ingestor(self, world: World) -> AsyncIterator[Program]:
        """What stores."""
        async with self._run(world, "ingestor", self._ingestor_command(world)) as running:
            yield running

    def _gateway_command(self, world: World, port: int) -> Sequence[str | Path]:
        if self.name == "fastify":
            return ["node", _NODE / "gateway.js"]
        module = f"bench.peers.{self.name}_gateway:app"
        options = ["--port", str(port), "--log-level", "warning", "--no-access-log"]
        return [world.bench_python, "-m", "uvicorn", module, *options]

    def _ingestor_command(self, world: World) -> Sequence[str | Path]:
        if self.name == "fastify":
            return ["node", _NODE / "ingestor.js"]
        return [world.bench_python, "-m", f"bench.peers.{self.name}_ingestor"]

    @asynccontextmanager
    async def _run(
        self, world: World, part: str, command: Sequence[str | Path], port: int = 0
    ) -> AsyncIterator[Program]:
        env = {
            "AMQP_URL": world.amqp_url,
            "MONGODB_URL": world.mongodb_url,
            "QUEUE": self.queue,
            "DATABASE": self.database,
            "PORT": str(port),
            "NODE_PATH": str(world.node_modules),
            "PYTHONPATH": str(ROOT),
        }
        log = world.home / f"{self.name}-{part}.log"
        async with program(*command, log=log, port=port, env=env) as running:
            yield running


PEERS = (
    Peer("fastapi", "FastAPI, aio-pika, motor"),
    Peer("faststream", "FastStream, motor"),
    Peer("fastify", "Fastify, amqplib, mongodb (Node)"),
)
PEER_PATH = "/customers"


@asynccontextmanager
async def limit(world: World, name: str, **env: str) -> AsyncIterator[Program]:
    """One of the servers of `bench.limits`."""
    port = free_port()
    log = world.home / f"limit-{name}.log"
    command = (executable, "-m", "bench.limits", name, str(port))
    paths = {"AMQP_URL": world.amqp_url, "MONGODB_URL": world.mongodb_url, "PYTHONPATH": str(ROOT)}
    async with program(*command, log=log, port=port, env={**paths, **env}) as running:
        yield running
