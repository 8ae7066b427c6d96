"""What is seen of a stack while it is treated badly: its own metrics, and its memory."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiohttp

from chaos.world import World
from tests.support.portico import PorticoProcess

_EVERY = 0.5
_PAGE = 4096
_METRICS = {
    "redelivered": 'portico_ingestor_deliveries_total{redelivered="true"}',
    "repeated": "portico_ingestor_repeated_ingestions_total",
    "held": "portico_ingestor_transient_failures_total",
    "unconfirmed": 'portico_queue_publishes_total{queue="ingestions",result="unconfirmed"}',
    "in hand": "portico_ingestor_deliveries_in_hand",
    "waiting": 'portico_queue_depth_messages{queue="ingestions"}',
}
COUNTERS = ("redelivered", "repeated", "held", "unconfirmed")
"""What is counted: messages delivered again, ingestions that had their receipt already, times that work was
held while the store was away, publishes without a confirm. At least: what a process counted last before it
was killed is not seen."""


class Watch:
    """Looks at all processes of a world twice a second."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._newest: defaultdict[int, Counter[str]] = defaultdict(Counter)
        self.peaks: Counter[str] = Counter()
        """Largest resident memory of each kind of process, in bytes."""

    @property
    def counts(self) -> dict[str, int]:
        """Each of COUNTERS so far, all processes together, those that have ended among them."""
        return {name: sum(one[name] for one in self._newest.values()) for name in COUNTERS}

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Look until the end of the block, and once more there."""
        task = asyncio.create_task(self._look_on())
        try:
            yield
            await self._look()
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def _look_on(self) -> None:
        while True:
            await self._look()
            await asyncio.sleep(_EVERY)

    async def _look(self) -> None:
        world = self._world
        for process in world.processes:
            if process.process is None:
                continue
            pid = process.pid
            seen = await read_metrics(process)
            self._newest[pid] |= Counter({name: int(seen[name]) for name in COUNTERS if name in seen})
            self._note_memory(process.command, pid)
        self._note_memory("mongodb", world.store_pid())
        if world.broker is not None and world.broker.is_running():
            self._note_memory("broker", world.broker.pid)

    def _note_memory(self, name: str, pid: int | None) -> None:
        with suppress(OSError):
            pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
            self.peaks[name] = max(self.peaks[name], pages * _PAGE)


async def read_metrics(process: PorticoProcess) -> dict[str, float]:
    """Its metrics, by our own short names; empty where it does not answer in time."""
    timeout = aiohttp.ClientTimeout(total=5)
    with suppress(aiohttp.ClientError, TimeoutError):
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(f"{process.admin}/metrics") as answer,
        ):
            lines = (await answer.text()).splitlines()
        return {
            name: sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(series))
            for name, series in _METRICS.items()
        }
    return {}
