"""gRPC Get requests a second as the store grows."""

import random
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import grpc

from bench.measure import Contender, Measure, Outcome, Target
from bench.measures.calling import call, channel
from bench.measures.copying import uid
from bench.measures.grown import LEAST_SHARE, SMALL, Grown, grown
from bench.measures.grpc_get import METHOD, get_request
from bench.world import World

_SEED = 20_261_121
_REQUESTS = 5_000


@asynccontextmanager
async def _contenders(world: World) -> AsyncIterator[Sequence[Contender]]:
    async with AsyncExitStack() as stack:
        many, few = await stack.enter_async_context(grown(world))
        opened = [await stack.enter_async_context(channel(one.gateway.grpc)) for one in (many, few)]
        yield [_contender(many, opened[0]), _contender(few, opened[1])]


def _contender(one: Grown, opened: grpc.aio.Channel) -> Contender:
    numbers = random.Random(_SEED).choices(range(one.count), k=_REQUESTS)  # noqa: S311 - a load, no secret
    requests = [get_request(uid(number)) for number in numbers]

    async def turn(seconds: float) -> Outcome:
        return await call(opened, METHOD, requests, one.portico.token, seconds)

    return Contender(one.title, one.role, turn, {"gateway": one.gateway.pid})


MEASURE = Measure(
    name="growth-get",
    title="gRPC GetCustomer, 32 callers, as the store grows",
    unit="requests/s",
    targets=(Target(SMALL, LEAST_SHARE),),
    contenders=_contenders,
    full_only=True,
)
