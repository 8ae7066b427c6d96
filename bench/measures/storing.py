"""Ingestors side by side: how fast each stores a backlog of the same customers.

The ingestor is stopped while its queue is filled, so that all of a turn's time is spent storing.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from time import perf_counter

from bench.contestants import PEERS
from bench.measure import Contender, Outcome, Role
from bench.measures.bulk_writing import BulkWriting
from bench.measures.stored import BATCH, PeerBacklog, PorticoBacklog, forget
from bench.portico import Portico
from bench.processes import Program, started
from bench.world import World

BULK_LIMIT = "bulk_write limit"
IDENTITIES_LIMIT = "bulk_write limit with identities"
_SEVERAL = 4 * BATCH
"""Records of a turn at least, of whoever stores in bulk: so many bulks that one follows on another."""
Fill = Callable[[int, int, int], Awaitable[Callable[[], Awaitable[None]]]]
"""Puts customers on a queue, by first number, count and version; what it returns waits until they are
stored, and raises RuntimeError where they are not stored as they should be."""


@asynccontextmanager
async def ingestors(world: World, name: str, *, updates: bool) -> AsyncIterator[list[Contender]]:
    """Portico, the peers and the driver, each with new customers, or new versions of the same ones."""
    async with AsyncExitStack() as stack:
        portico = Portico(world, name)
        ingestor = await stack.enter_async_context(portico.ingestor())
        own = Turns(PorticoBacklog(portico).fill, [ingestor], updates=updates)
        await own.prepare(world.effort.seconds)
        found = [Contender("Portico", Role.PORTICO, own.turn, {"ingestor": ingestor.pid})]
        await forget(world, PEERS)
        storers = await started(stack, *(peer.ingestor(world) for peer in PEERS))
        for peer, storer in zip(PEERS, storers, strict=True):
            turns = Turns(PeerBacklog(world, peer).fill, [storer], updates=updates, least=BATCH)
            await turns.prepare(world.effort.seconds)
            found.append(Contender(peer.title, Role.PEER, turns.turn, {"ingestor": storer.pid}))
        limits = {BULK_LIMIT: BulkWriting.like}
        if not updates:  # new versions have the identities that are there
            limits[IDENTITIES_LIMIT] = BulkWriting.with_identities_like
        for limit, like in limits.items():
            bulks = await stack.enter_async_context(like(portico))
            turns = Turns(bulks.fill, [], updates=updates)
            await turns.prepare(world.effort.seconds)
            found.append(Contender(limit, Role.LIMIT, turns.turn, {"driver": bulks.pid}))
        yield found


@dataclass
class Turns:
    """The turns of one ingestor, or of several, each as long as it is asked to be."""

    fill: Fill
    ingestors: Sequence[Program]
    """Stopped while the backlog is made; none where nobody need be."""
    updates: bool
    """Whether turns are new versions of customers stored before, not new customers."""
    least: int = _SEVERAL
    """Records of a turn, at least."""
    rate: float = 0.0
    stored: int = 0
    """Customers stored so far, numbered from 0."""
    version: int = 1

    async def prepare(self, seconds: float) -> None:
        """Store some customers, and so many for the turns to update as those may take."""
        self.rate = BATCH / await self._store_new(BATCH)
        if self.updates:
            await self._store_new(self._count(seconds))

    async def turn(self, seconds: float) -> Outcome:
        """Store about as many as take so many seconds."""
        if self.updates:
            count = min(self._count(seconds), self.stored)
            self.version += 1
            taken = await self._store(0, count, self.version)
        else:
            count = self._count(seconds)
            taken = await self._store_new(count)
        self.rate = count / taken
        return Outcome(self.rate, count)

    def _count(self, seconds: float) -> int:
        return max(self.least, round(self.rate * seconds / BATCH) * BATCH)

    async def _store_new(self, count: int) -> float:
        first, self.stored = self.stored, self.stored + count
        return await self._store(first, count, 1)

    async def _store(self, first: int, count: int, version: int) -> float:
        for ingestor in self.ingestors:
            ingestor.pause()
        try:
            stored = await self.fill(first, count, version)
        finally:
            for ingestor in self.ingestors:
                ingestor.go_on()
        begun = perf_counter()
        await stored()
        return perf_counter() - begun
