"""Accepted records a second, in batches of 500."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from bench.bodies import batches
from bench.measure import BEST_PEER, Contender, Measure, Target
from bench.measures.accepting import PUBLISH_LIMIT, at_its_peak, doors
from bench.world import World

_BATCH = 500
_BODIES = 8
_CLIENTS = 16


@asynccontextmanager
async def _contenders(world: World) -> AsyncIterator[Sequence[Contender]]:
    bodies = list(batches(0, _BODIES * _BATCH, _BATCH))
    async with doors(world, "bench_batches", bodies, _CLIENTS) as found:
        yield [at_its_peak(door, _BATCH) for door in found]


MEASURE = Measure(
    name="accepted-batches",
    title=f"accepted records, batches of {_BATCH}, {_CLIENTS} clients",
    unit="records/s",
    targets=(Target(BEST_PEER, 20), Target(PUBLISH_LIMIT, 0.5)),
    contenders=_contenders,
)
