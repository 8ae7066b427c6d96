"""Memory that Portico's processes take above their idle one, as a share of what their settings allow."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bench.bodies import batches
from bench.measure import ITSELF, Contender, Measure, Outcome, Role, Target
from bench.measures.stored import BATCH, PorticoBacklog
from bench.portico import PATH, Gateway, Portico
from bench.processes import read
from bench.sending import as_fast_as_answered, connections, render
from bench.services import purge
from bench.world import World

_BATCH = 1_000
_BODIES = 4
_CLIENTS = 400
"""With a batch each they send half as much again as a gateway may hold."""
_BACKLOG = 2_000
_MANY = 1_000_000
_MIB = 1024**2
_GATEWAY_BOUND = 64 * _MIB
"""`PORTICO_MAX_BYTES_IN_FLIGHT`, by default."""
_INGESTOR_BOUND = 32 * 2 * 8 * _MIB
"""`PORTICO_INGESTOR_MAX_MESSAGES` times `PORTICO_INGESTOR_BATCHES`, by default, of 8 MiB each at most."""


@asynccontextmanager
async def _contenders(world: World) -> AsyncIterator[Sequence[Contender]]:
    accepting, storing = Portico(world, "bench_memory"), Portico(world, "bench_memory_stored")
    async with accepting.gateway() as gateway, storing.ingestor() as ingestor:
        backlog = PorticoBacklog(storing)
        stored = await backlog.fill(0, BATCH, 1)
        await stored()
        flood = _Flood(world, accepting, gateway)
        begins = iter(range(BATCH, _MANY, _BACKLOG))

        async def store(_: float) -> int:
            ingestor.pause()
            stored = await backlog.fill(next(begins), _BACKLOG, 1)
            ingestor.go_on()
            await stored()
            return _BACKLOG

        yield [
            _within("gateway, 400 clients with 1,000 records each", gateway.pid, _GATEWAY_BOUND, flood.send),
            _within("gateway, broker stalled", gateway.pid, _GATEWAY_BOUND, flood.send_while_stalled),
            _within("ingestor, a backlog of batches of 500", ingestor.pid, _INGESTOR_BOUND, store),
        ]


@dataclass(frozen=True)
class _Flood:
    """More than the gateway may hold, at once."""

    world: World
    portico: Portico
    gateway: Gateway

    async def send(self, seconds: float) -> int:
        """Send for so many seconds, whatever is refused; the records sent."""
        bodies = batches(0, _BODIES * _BATCH, _BATCH)
        requests = [render(PATH, body, self.portico.token) for body in bodies]
        async with connections(self.gateway.rest, _CLIENTS) as opened:
            sent = await as_fast_as_answered(opened, requests, seconds, refusals=True)
        await purge(self.world.amqp_url, self.portico.queue)
        return sent.requests * _BATCH

    async def send_while_stalled(self, seconds: float) -> int:
        """The same while the broker stands still, and goes on at the end."""
        broker = self.world.servers["broker"]
        os.kill(broker, signal.SIGSTOP)
        asyncio.get_running_loop().call_later(seconds, os.kill, broker, signal.SIGCONT)
        return await self.send(seconds)


def _within(name: str, pid: int, bound: int, load: Callable[[float], Awaitable[int]]) -> Contender:
    idle = read(pid).peak_bytes

    async def turn(seconds: float) -> Outcome:
        records = await load(seconds)
        return Outcome((read(pid).peak_bytes - idle) / bound, records)

    return Contender(name, Role.PORTICO, turn, {"process": pid})


MEASURE = Measure(
    name="memory",
    title="memory above the idle process, as a share of what the settings let it hold",
    unit="of the bound",
    targets=(Target(ITSELF, 1, at_most=True),),
    contenders=_contenders,
    less_is_better=True,
)
