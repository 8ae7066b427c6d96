"""Two Porticos alike but for what they have stored: few customers, and many."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from bench.measure import Role
from bench.measures.population import populate
from bench.portico import Gateway, Portico
from bench.processes import Program
from bench.world import World

FEW = 10_000
LEAST_SHARE = 1 / 1.3
SMALL = f"{FEW:,} customers"


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
            count = await populate(portico, wanted, world.effort.longest_fill)
            gateway = await stack.enter_async_context(portico.gateway())
            found.append(Grown(count, role, portico, gateway, ingestor))
        yield found
