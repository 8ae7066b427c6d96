"""The broker and the store of a run: private, on free ports, gone afterwards."""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aio_pika
from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError

from bench.processes import free_port, program
from bench.world import Effort, World
from tests.support.rabbitmq import RabbitNode

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = ROOT / ".venv-bench"
_JOURNALED = "directConnection=true&w=majority&journal=true"
_ANSWERS_WITHIN = 30.0
_MIB = 1024 * 1024


def _mongods_cache_mib() -> int:
    """What mongod takes for its cache by default: half of the memory beyond 1 GiB, at least 256 MiB."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(256, (memory // _MIB - 1_024) // 2)


@dataclass(frozen=True, slots=True)
class StoreKind:
    """A server of MongoDB's wire protocol."""

    title: str
    command: str
    arguments: Callable[[int, Path], list[str]]


STORES = (
    StoreKind(
        "MongoDB",
        "mongod",
        lambda port, data: ["--bind_ip", "127.0.0.1", "--port", f"{port}", "--dbpath", f"{data}"],
    ),
    StoreKind(
        "SecantusDB (Rust server)",
        "secantusd-rs",
        lambda port, data: [
            *("--host", "127.0.0.1", "--port", f"{port}", "--storage-path", f"{data}"),
            "--sync-on-commit",  # without it, it confirms what `j: true` asks for before it is so
            # Its own would be 4 GiB, however large the machine.
            *("--cache-size", f"{_mongods_cache_mib()}M"),
        ],
    ),
    StoreKind(
        "SecantusDB (Python server)",
        "secantusd-py",
        lambda port, data: [
            *("--host", "127.0.0.1", "--port", f"{port}", "--storage-path", f"{data}"),
            *("--log-level", "WARNING"),
        ],
    ),
)
"""From the fastest to the slowest; the first that is installed is taken."""


class MissingError(Exception):
    """A part of the benchmark is not installed; says what to do."""


@asynccontextmanager
async def services(effort: Effort, store: str | None = None) -> AsyncIterator[World]:
    """A world with a broker and a store; `store` names a server's command instead of the fastest.

    Raises MissingError.
    """
    python, node = ENVIRONMENT / "bin" / "python", ENVIRONMENT / "node" / "node_modules"
    if not python.exists() or not node.exists():
        raise MissingError("The benchmark's own environment is missing: run `make bench`.")
    begun, load = time.monotonic(), os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="portico-bench-") as home, RabbitNode() as broker:
        async with running_store(Path(home), store) as (url, pid, title):
            yield World(
                effort=effort,
                begun=begun,
                home=Path(home),
                amqp_url=broker.url,
                mongodb_url=url,
                store=title,
                servers={"broker": broker.pid, "store": pid},
                bench_python=python,
                load_before=load,
                node_modules=node,
            )


def _installed(command: str) -> Path | None:
    beside = Path(sys.executable).with_name(command)
    found = beside if beside.exists() else shutil.which(command)
    return Path(found) if found else None


def store_at_hand(wanted: str | None = None) -> tuple[StoreKind, Path]:
    """`wanted`'s kind, else the fastest that is installed, and where its command is. Raises MissingError."""
    kinds = [kind for kind in STORES if wanted in (None, kind.command)]
    found = next(((kind, path) for kind in kinds if (path := _installed(kind.command))), None)
    if found is None:
        names = ", ".join(kind.command for kind in kinds) or f"{wanted}, which is none of the known servers"
        raise MissingError(f"No server of MongoDB's protocol is installed: {names}.")
    return found


@asynccontextmanager
async def running_store(home: Path, wanted: str | None = None) -> AsyncIterator[tuple[str, int, str]]:
    """The URL, process id and title of a store in `home`: `wanted`'s command, else the fastest at hand.

    Raises MissingError.
    """
    kind, path = store_at_hand(wanted)
    data, port = home / "store", free_port()
    data.mkdir()
    url = f"mongodb://127.0.0.1:{port}/?{_JOURNALED}"
    async with program(path, *kind.arguments(port, data), log=home / "store.log", port=port) as server:
        client: AsyncMongoClient[dict[str, object]]
        async with AsyncMongoClient(url, serverSelectionTimeoutMS=1_000) as client:
            version = await _version(client)
        yield url, server.pid, f"{kind.title}, speaking MongoDB {version}"


async def _version(client: "AsyncMongoClient[dict[str, object]]") -> str:
    async with asyncio.timeout(_ANSWERS_WITHIN):
        while True:
            try:
                information = await client.server_info()
            except PyMongoError:
                await asyncio.sleep(0.1)
            else:
                return str(information["version"])


async def purge(amqp_url: str, *queues: str) -> None:
    """Empty `queues`, those of them that are there."""
    async with await aio_pika.connect(amqp_url) as connection:
        for name in queues:
            channel = await connection.channel()
            try:
                queue = await channel.declare_queue(name, passive=True)
            except aio_pika.exceptions.ChannelNotFoundEntity:
                continue
            await queue.purge()
            await channel.close()


async def waiting(amqp_url: str, queue: str) -> int:
    """How many messages wait in `queue`."""
    async with await aio_pika.connect(amqp_url) as connection, connection.channel() as channel:
        declared = await channel.declare_queue(queue, passive=True)
        return declared.declaration_result.message_count or 0


def broker_version() -> str:
    """The version of RabbitMQ, as its package says; empty where there is no package."""
    query = ["dpkg-query", "-W", "-f", "${Version}", "rabbitmq-server"]
    try:
        return subprocess.run(query, capture_output=True, text=True, check=True).stdout  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return ""
