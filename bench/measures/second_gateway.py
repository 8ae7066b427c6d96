"""Accepted records a second with a second gateway beside the first."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from bench.bodies import batches
from bench.measure import Contender, Measure, Outcome, Role
from bench.measures.more_processes import ONE, target_of_two
from bench.portico import PATH, Gateway, Portico
from bench.sending import as_fast_as_answered, connections, render
from bench.services import purge
from bench.world import World

_BATCH = 500
_BODIES = 8
_CLIENTS = 16


@asynccontextmanager
async def _contenders(world: World) -> AsyncIterator[Sequence[Contender]]:
    async with AsyncExitStack() as stack:
        portico = Portico(world, "bench_gateways")
        requests = [render(PATH, body, portico.token) for body in batches(0, _BODIES * _BATCH, _BATCH)]
        gateways = [await stack.enter_async_context(portico.gateway()) for _ in range(2)]

        async def accept(of: Sequence[Gateway], seconds: float) -> Outcome:
            async with AsyncExitStack() as opening:
                opened = [
                    connection
                    for gateway in of
                    for connection in await opening.enter_async_context(
                        connections(gateway.rest, _CLIENTS // len(of))
                    )
                ]
                sent = await as_fast_as_answered(opened, requests, seconds)
            await purge(world.amqp_url, portico.queue)
            return Outcome(sent.rate * _BATCH, sent.requests * _BATCH, sent.latency_ms)

        async def two(seconds: float) -> Outcome:
            return await accept(gateways, seconds)

        async def one(seconds: float) -> Outcome:
            return await accept(gateways[:1], seconds)

        first, second = gateways
        yield [
            Contender("two gateways", Role.PORTICO, two, {"gateway": first.pid, "second": second.pid}),
            Contender(ONE, Role.LIMIT, one, {"gateway": first.pid}),
        ]


MEASURE = Measure(
    name="second-gateway",
    title=f"accepted records, batches of {_BATCH}, two gateways",
    unit="records/s",
    targets=(target_of_two(),),
    contenders=_contenders,
    full_only=True,
)
