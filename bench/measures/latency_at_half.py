"""How long a 202 takes at half the rate that a front door accepts at most."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from bench.bodies import batches
from bench.measure import ITSELF, Contender, Measure, Outcome, Target
from bench.measures.accepting import BODY_LIMIT, Door, doors
from bench.world import World

_BODIES = 1_000
_CLIENTS = 64


@asynccontextmanager
async def _contenders(world: World) -> AsyncIterator[Sequence[Contender]]:
    bodies = list(batches(0, _BODIES, 1))
    async with doors(world, "bench_latency", bodies, _CLIENTS) as found:
        yield [await _at_half(door, world) for door in found if door.title != BODY_LIMIT]


async def _at_half(door: Door, world: World) -> Contender:
    await door.peak(world.effort.warm_up)
    half = (await door.peak(world.effort.seconds)).rate / 2

    async def turn(seconds: float) -> Outcome:
        sent = await door.at(half, seconds)
        return Outcome(sent.latency_ms["p99"] / sent.latency_ms["p50"], sent.requests, sent.latency_ms)

    return Contender(f"{door.title}, {half:,.0f}/s", door.role, turn, {"gateway": door.pid})


MEASURE = Measure(
    name="latency-at-half",
    title="p99 by p50 of a 202 at half the peak rate, one record each",
    unit="p99 / p50",
    targets=(Target(ITSELF, 5, at_most=True),),
    contenders=_contenders,
    less_is_better=True,
)
