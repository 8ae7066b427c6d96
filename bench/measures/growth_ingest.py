"""Stored records a second as the store grows."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from bench.measure import Contender, Measure, Target
from bench.measures.grown import LEAST_SHARE, SMALL, grown
from bench.measures.stored import PorticoBacklog
from bench.measures.storing import Turns
from bench.world import World


@asynccontextmanager
async def _contenders(world: World) -> AsyncIterator[Sequence[Contender]]:
    async with grown(world) as both:
        found = []
        for one in both:
            turns = Turns(PorticoBacklog(one.portico).fill, [one.ingestor], updates=False)
            await turns.prepare(world.effort.seconds)
            found.append(Contender(one.title, one.role, turns.turn, {"ingestor": one.ingestor.pid}))
        yield found


MEASURE = Measure(
    name="growth-ingest",
    title="stored records, one ingestor, new customers, as the store grows",
    unit="records/s",
    targets=(Target(SMALL, LEAST_SHARE),),
    contenders=_contenders,
    full_only=True,
)
