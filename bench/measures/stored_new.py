"""Stored records a second, one ingestor, new customers."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from bench.measure import BEST_PEER, Contender, Measure, Target
from bench.measures.storing import BULK_LIMIT, IDENTITIES_LIMIT, ingestors
from bench.world import World


@asynccontextmanager
async def _contenders(world: World) -> AsyncIterator[Sequence[Contender]]:
    async with ingestors(world, "bench_stored_new", updates=False) as found:
        yield found


MEASURE = Measure(
    name="stored-new",
    title="stored records, one ingestor, new customers",
    unit="records/s",
    targets=(Target(BEST_PEER, 8), Target(BULK_LIMIT, 0.5), Target(IDENTITIES_LIMIT, None)),
    contenders=_contenders,
)
