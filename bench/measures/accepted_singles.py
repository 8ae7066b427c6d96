"""Accepted requests a second, one record each, 64 clients."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from bench.bodies import batches
from bench.measure import BEST_PEER, Contender, Measure, Target
from bench.measures.accepting import PUBLISH_LIMIT, at_its_peak, doors
from bench.world import World

_BODIES = 1_000
_CLIENTS = 64


@asynccontextmanager
async def _contenders(world: World) -> AsyncIterator[Sequence[Contender]]:
    bodies = list(batches(0, _BODIES, 1))
    async with doors(world, "bench_singles", bodies, _CLIENTS) as found:
        yield [at_its_peak(door, 1) for door in found]


MEASURE = Measure(
    name="accepted-singles",
    title=f"accepted requests, one record each, {_CLIENTS} clients",
    unit="requests/s",
    targets=(Target(BEST_PEER, 3), Target(PUBLISH_LIMIT, 1)),
    contenders=_contenders,
)
