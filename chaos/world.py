"""A Portico to be treated badly: its processes and servers, and a proxy on every way between them."""

import asyncio
import os
import signal
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from chaos.cable import Cable, own_cable
from chaos.disk import SmallDisk, small_disk
from chaos.store import StoreCommand
from chaos.waiting import comes
from storage.embedded import EmbeddedMongo
from tests.support.portico import PorticoProcess
from tests.support.proxy import Proxy
from tests.support.rabbitmq import RabbitNode
from tests.support.stacks import logged

STACKS = ("embedded", "production")
_SETTINGS = {
    "PORTICO_PUBLISH_TIMEOUT": "2",
    # A message is in hand at more kills here than in years elsewhere, and none of them is its fault.
    "PORTICO_INGESTOR_ATTEMPTS": "1000",
    # On a machine that does much else a drain takes long, and is to end in order nevertheless.
    "PORTICO_DRAIN_SECONDS": "45",
}
_EMBEDDED_STORE = StoreCommand("")
_ENDING = 15.0
_READY_WITHIN = 300.0
"""Of machines that do much else."""


class ImpossibleError(Exception):
    """A fault that this machine, or this user, cannot bring about."""


@dataclass
class World:
    """The parts of a running stack, and what stands between them."""

    stack: str
    gateway: PorticoProcess
    ingestors: list[PorticoProcess]
    """The gateway itself on the embedded stack."""
    front: Proxy
    """Between the clients and the gateway."""
    store_dir: Path
    """Where the MongoDB server has its data."""
    store_url: Callable[[], str]
    """Of the MongoDB server itself, as it is now."""
    database: str
    broker: RabbitNode | None = None
    broker_link: Proxy | None = None
    store_link: Proxy | None = None
    disk: SmallDisk | None = None
    """Where the embedded queue and the MongoDB server keep their data; None where it cannot be small."""
    cable: Cable | None = None
    """To the second ingestor, where that has a network of its own."""
    exits: list[str] = field(default_factory=list)
    """Processes that ended by themselves."""

    @property
    def url(self) -> str:
        """Where clients send to."""
        return f"http://127.0.0.1:{self.front.port}"

    @property
    def processes(self) -> list[PorticoProcess]:
        """Every process of Portico's, once."""
        return [self.gateway, *(one for one in self.ingestors if one is not self.gateway)]

    def store_pid(self) -> int | None:
        """The process id of the MongoDB server; None where it does not run at the moment."""
        wanted = os.fsencode(self.store_dir)
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                words = (folder / "cmdline").read_bytes().split(b"\0")
                if wanted in words and not any(word.endswith(b"leash.py") for word in words):
                    return int(folder.name)
        return None

    def signal_store(self, number: signal.Signals) -> bool:
        """Send a signal to the MongoDB server; whether there was one."""
        pid = self.store_pid()
        with suppress(ProcessLookupError):
            if pid is not None:
                os.kill(pid, number)
                return True
        return False

    async def end(self, process: PorticoProcess) -> bool:
        """kill -9; whether there was something to kill."""
        running = process.process
        if running is None or running.returncode is not None:
            self._note_exit(process)
            return False
        await process.kill()
        process.process = None
        return True

    async def begin(self, process: PorticoProcess) -> None:
        """Start a process that does not run, without a wait until it is ready."""
        if process.process is None or process.process.returncode is not None:
            self._note_exit(process)
            await process.start(ready=False)

    def _note_exit(self, process: PorticoProcess) -> None:
        ended = process.process
        if ended is not None and ended.returncode is not None:
            self.exits.append(f"{process.command} ended with {ended.returncode}: {process.log()[-500:]}")
            process.process = None

    async def heal(self) -> None:
        """Everything runs and answers."""
        for link in (self.front, self.broker_link, self.store_link):
            if link is not None:
                link.calm()
        if self.disk is not None:
            self.disk.empty()
        if self.cable is not None:
            self.cable.mend()
        self.signal_store(signal.SIGCONT)
        if self.broker is not None:
            await resume_broker(self.broker)
        for process in self.processes:
            await self.begin(process)
            os.kill(process.pid, signal.SIGCONT)
        for process in self.processes:
            await process.wait_ready(_READY_WITHIN)


async def resume_broker(broker: RabbitNode) -> None:
    """It runs, and is not stopped."""
    if broker.is_running():
        os.kill(broker.pid, signal.SIGCONT)
    else:
        await asyncio.to_thread(broker.start)


@asynccontextmanager
async def open_world(
    stack: str, home: Path, settings: Mapping[str, str], store: StoreCommand = _EMBEDDED_STORE
) -> AsyncIterator[World]:
    """A fresh stack, ready, with its data below `home`; `settings` are added to its own.

    `store` is the MongoDB server of the production stack.
    """
    common = {**_SETTINGS, **settings}
    async with _embedded(home, common) if stack == "embedded" else _production(home, common, store) as world:
        try:
            await world.heal()
            yield world
        finally:
            for process in world.processes:
                await process.close()
            if world.broker is None:  # its keeper is gone, and it ends a little later
                await comes(lambda: world.store_pid() is None, _ENDING)


@asynccontextmanager
async def _embedded(home: Path, settings: Mapping[str, str]) -> AsyncIterator[World]:
    process = PorticoProcess("up", home, settings)
    with small_disk(home / "data") as disk:
        async with Proxy(process.ports[0]) as front:
            yield World(
                "embedded",
                process,
                [process],
                front,
                home / "data/mongodb/data",
                lambda: str(logged(process, "embedded_mongodb_started")["url"]),
                "portico",
                disk=disk,
            )


@asynccontextmanager
async def _production(home: Path, settings: Mapping[str, str], store: StoreCommand) -> AsyncIterator[World]:
    name = f"chaos_{uuid.uuid4().hex[:8]}"
    common = {"PORTICO_QUEUE_NAME": f"{name}.ingestions", "PORTICO_MONGODB_DATABASE": name, **settings}
    async with AsyncExitStack() as stack:
        broker = await asyncio.to_thread(stack.enter_context, RabbitNode())
        disk = stack.enter_context(small_disk(home / "mongodb"))
        server = await stack.enter_async_context(EmbeddedMongo(home / "mongodb", store.launcher(home)))
        store_port = int(server.url.partition("127.0.0.1:")[2].partition("/")[0])

        async def linked(host: str) -> tuple[Proxy, Proxy, dict[str, str]]:
            """Ways to the servers from a host, and the settings that lead there."""
            broker_link = await stack.enter_async_context(Proxy(broker.port, host))
            store_link = await stack.enter_async_context(Proxy(store_port, host))
            urls = {
                "PORTICO_AMQP_URL": f"amqp://guest:guest@{host}:{broker_link.port}/",
                "PORTICO_MONGODB_URL": f"mongodb://{host}:{store_link.port}/?directConnection=true",
            }
            return broker_link, store_link, urls | common

        broker_link, store_link, near = await linked("127.0.0.1")
        gateway = PorticoProcess("gateway", _folder(home, "gateway"), near)
        ingestors = [PorticoProcess("ingestor", _folder(home, "ingestor-0"), near)]
        cable = stack.enter_context(own_cable())
        if cable is None:
            ingestors.append(PorticoProcess("ingestor", _folder(home, "ingestor-1"), near))
        else:
            _, _, far = await linked(cable.here)
            ingestors.append(
                PorticoProcess(
                    "ingestor", _folder(home, "ingestor-1"), far, within=cable.within, host=cable.there
                )
            )
        yield World(
            "production",
            gateway,
            ingestors,
            await stack.enter_async_context(Proxy(gateway.ports[0])),
            home / "mongodb/data",
            lambda: server.url,
            name,
            broker,
            broker_link,
            store_link,
            disk,
            cable,
        )


def _folder(home: Path, name: str) -> Path:
    folder = home / name
    folder.mkdir()
    return folder
