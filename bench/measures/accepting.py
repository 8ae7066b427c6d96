"""Front doors side by side, with nobody consuming."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from bench.contestants import PEER_PATH, PEERS, limit
from bench.limits.publish import QUEUE
from bench.measure import Contender, Outcome, Role
from bench.portico import PATH, Portico
from bench.processes import started
from bench.sending import Sent, as_fast_as_answered, at_rate, connections, render
from bench.services import purge
from bench.world import World

PUBLISH_LIMIT = "publish limit"
BODY_LIMIT = "body limit"


@dataclass(frozen=True)
class Door:
    """A front door, and what it is sent."""

    world: World
    title: str
    role: Role
    port: int
    pid: int
    requests: Sequence[bytes]
    queues: Sequence[str]
    clients: int

    async def peak(self, seconds: float) -> Sent:
        """What it accepts at most: each client sends its next request when the last one is answered."""
        async with connections(self.port, self.clients) as opened:
            sent = await as_fast_as_answered(opened, self.requests, seconds)
        await purge(self.world.amqp_url, *self.queues)
        return sent

    async def at(self, rate: float, seconds: float) -> Sent:
        """What becomes of an even rate of requests."""
        async with connections(self.port, self.clients) as opened:
            sent = await at_rate(opened, self.requests, rate, seconds)
        await purge(self.world.amqp_url, *self.queues)
        return sent


@asynccontextmanager
async def doors(
    world: World, name: str, bodies: Sequence[bytes], clients: int
) -> AsyncIterator[Sequence[Door]]:
    """Portico's, the peers' and the limits', each sent `bodies` by as many `clients`."""
    async with AsyncExitStack() as stack:

        def door(title: str, role: Role, port: int, pid: int, requests: list[bytes], *queues: str) -> Door:
            return Door(world, title, role, port, pid, requests, queues, clients)

        portico = Portico(world, name)
        limits = (limit(world, "publish"), limit(world, "body"))
        [gateway] = await started(stack, portico.gateway())
        *peers, publish, body = await started(stack, *(one.gateway(world) for one in PEERS), *limits)
        own = [render(PATH, one, portico.token) for one in bodies]
        others = [render(PEER_PATH, one) for one in bodies]
        yield [
            door("Portico", Role.PORTICO, gateway.rest, gateway.pid, own, portico.queue),
            *(
                door(peer.title, Role.PEER, running.port, running.pid, others, peer.queue)
                for peer, running in zip(PEERS, peers, strict=True)
            ),
            door(PUBLISH_LIMIT, Role.LIMIT, publish.port, publish.pid, others, QUEUE),
            door(BODY_LIMIT, Role.LIMIT, body.port, body.pid, others),
        ]


def at_its_peak(door: Door, records: int) -> Contender:
    """A door as fast as it accepts requests of so many `records`."""

    async def turn(seconds: float) -> Outcome:
        sent = await door.peak(seconds)
        return Outcome(sent.rate * records, sent.requests * records, sent.latency_ms)

    return Contender(door.title, door.role, turn, {"gateway": door.pid})
