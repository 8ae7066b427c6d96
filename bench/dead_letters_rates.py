"""How fast the ingestor stores what is posted, and what a replay job tries; and what that takes of memory."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from bench.dead_letters_data import batch, in_parts
from domain.dead_letters.desk import Desk
from domain.dead_letters.entities import Selection
from domain.records import Outcome
from tests.support.portico import PorticoProcess
from tests.support.tokens import minted

_A_BATCH = 500
_AT_ONCE = 8
_LOOK = 0.2


@dataclass(frozen=True, slots=True)
class Rate:
    """So many records in so many seconds."""

    records: int
    seconds: float

    @property
    def a_second(self) -> float:
        """Records a second."""
        return self.records / self.seconds


@dataclass
class Memory:
    """Resident memory of a process, in MiB, while somebody looked."""

    before: float
    samples: list[float] = field(default_factory=list)

    @property
    def peak(self) -> float:
        """The most that was seen."""
        return max([self.before, *self.samples])


async def ingest(portico: PorticoProcess, first: int, last: int) -> Rate:
    """Post customers `first` to `last` as batches, and wait until each has its outcome."""
    bodies = [batch(*part) for part in in_parts(first, last, _A_BATCH)]
    free = asyncio.Semaphore(_AT_ONCE)
    headers = {"Authorization": f"Bearer {minted('norte')}", "Content-Type": "application/json"}
    begun = time.monotonic()
    async with aiohttp.ClientSession(portico.url, headers=headers) as session:

        async def post(body: bytes) -> str:
            async with free, session.post("/v1/customer/customers:ingest", data=body) as answer:
                if answer.status != 202:
                    raise RuntimeError(f"a batch was answered with {answer.status}: {await answer.text()}")
                return str((await answer.json())["correlationId"])

        async def ended(id: str) -> int:
            while True:
                async with session.get(f"/v1/ingestions/{id}", headers={"Prefer": "wait=30"}) as answer:
                    receipt = await answer.json()
                if receipt["status"] == "done":
                    return int(receipt["counts"]["created"])

        ids = await asyncio.gather(*map(post, bodies))
        created = sum([await ended(id) for id in ids])
    if created != last - first:
        raise RuntimeError(f"of {last - first} customers {created} were created")
    return Rate(last - first, time.monotonic() - begun)


async def replay(desk: Desk, selection: Selection) -> Rate:
    """Replay the letters of `selection` by a job without a cap; each must be stored."""
    job = await desk.jobs.start(selection)
    while not job.state.is_over:
        await asyncio.sleep(_LOOK)
        job = await desk.jobs.get(job.id)
    created = job.progress.outcomes.get(Outcome.CREATED, 0)
    if not job.went_well or created != job.total or job.started_at is None or job.finished_at is None:
        raise RuntimeError(f"of {job.total} letters {created} were stored: {job}")
    return Rate(job.total, (job.finished_at - job.started_at) / 1000)


@asynccontextmanager
async def watched(pid: int) -> AsyncIterator[Memory]:
    """The memory of the process `pid` during the block."""
    memory = Memory(_resident(pid))

    async def look() -> None:
        while True:
            await asyncio.sleep(_LOOK)
            memory.samples.append(_resident(pid))

    looking = asyncio.create_task(look())
    try:
        yield memory
    finally:
        looking.cancel()
        await asyncio.wait([looking])


def _resident(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"the process {pid} has no resident memory")
