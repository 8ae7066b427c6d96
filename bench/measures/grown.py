"""Two Porticos alike but for what they have stored: few customers, and many."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from bench.measure import Role
from bench.measures.population import populate
from bench.portico import Gateway, Portico
from bench.processes import Program, read
from bench.world import World

FEW = 10_000
LEAST_SHARE = 1 / 1.3
SMALL = f"{FEW:,} customers"
_LEAST_FILL = 60.0
"""Seconds to fill the large store, however little of the run is left."""
_REST = 150.0
"""Of a run, what it takes once the large store is filled: these rows are its last."""
_PATIENCE = 30
_IDLE = 0.2
"""CPU-seconds a second of a store that nobody asks much."""


@dataclass(frozen=True)
class Grown:
    """One of the two, with a gateway and an ingestor at work."""

    count: int
    """Customers it has."""
    role: Role
    portico: Portico
    gateway: Gateway
    ingestor: Program

    @property
    def title(self) -> str:
        """How the report calls it."""
        return f"{self.count:,} customers"


@asynccontextmanager
async def grown(world: World) -> AsyncIterator[Sequence[Grown]]:
    """The one with many customers, then the one with few; the same for every row of a run."""
    sizes = (("many", Role.PORTICO, world.effort.largest_store), ("few", Role.LIMIT, FEW))
    async with AsyncExitStack() as stack:
        found = []
        for name, role, wanted in sizes:
            portico = Portico(world, f"bench_grown_{name}")
            ingestor = await stack.enter_async_context(portico.ingestor())
            count = await populate(portico, wanted, max(_LEAST_FILL, world.seconds_left - _REST))
            gateway = await stack.enter_async_context(portico.gateway())
            found.append(Grown(count, role, portico, gateway, ingestor))
        await _calm(world.servers["store"])
        yield found


async def _calm(store: int) -> None:
    """Return once the store has done what it does behind its answers after a fill, or half a minute later."""
    for _ in range(_PATIENCE):
        before = read(store).cpu_seconds
        await asyncio.sleep(1.0)
        if read(store).cpu_seconds - before < _IDLE:
            return
