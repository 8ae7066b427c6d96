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

    title: str
    role: Role
    portico: Portico
    gateway: Gateway
    ingestor: Program


@asynccontextmanager
async def grown(world: World) -> AsyncIterator[Sequence[Grown]]:
    """The one with many customers, then the one with few; the same for every row of a run."""
    many = world.effort.largest_store
    async with AsyncExitStack() as stack:
        found = []
        for title, role, count in (
            (f"{many:,} customers", Role.PORTICO, many),
            (SMALL, Role.LIMIT, FEW),
        ):
            portico = Portico(world, f"bench_grown_{count}")
            ingestor = await stack.enter_async_context(portico.ingestor())
            await populate(portico, count)
            gateway = await stack.enter_async_context(portico.gateway())
            found.append(Grown(title, role, portico, gateway, ingestor))
        yield found
