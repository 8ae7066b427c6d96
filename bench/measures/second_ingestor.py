"""Stored records a second with a second ingestor beside the first."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from bench.measure import Contender, Measure, Role
from bench.measures.more_processes import ONE, target_of_two
from bench.measures.stored import PorticoBacklog
from bench.measures.storing import Turns
from bench.portico import Portico
from bench.world import World


@asynccontextmanager
async def _contenders(world: World) -> AsyncIterator[Sequence[Contender]]:
    async with AsyncExitStack() as stack:
        found = []
        for name, role, count in (("two ingestors", Role.PORTICO, 2), (ONE, Role.LIMIT, 1)):
            portico = Portico(world, f"bench_ingestors_{count}")
            running = [await stack.enter_async_context(portico.ingestor()) for _ in range(count)]
            turns = Turns(PorticoBacklog(portico).fill, running, updates=False)
            await turns.prepare(world.effort.seconds)
            pids = {f"ingestor {place}": one.pid for place, one in enumerate(running, 1)}
            found.append(Contender(name, role, turns.turn, pids))
        yield found


MEASURE = Measure(
    name="second-ingestor",
    title="stored records, two ingestors, new customers",
    unit="records/s",
    targets=(target_of_two(),),
    contenders=_contenders,
    full_only=True,
)
