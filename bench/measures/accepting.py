"""Front doors side by side: how fast each accepts the same requests, with nobody consuming."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from bench.contestants import PEER_PATH, PEERS, limit
from bench.limits.publish import QUEUE
from bench.measure import Contender, Outcome, Role
from bench.portico import PATH, Portico
from bench.sending import as_fast_as_answered, connections, render
from bench.services import purge
from bench.world import World

PUBLISH_LIMIT = "publish limit"
BODY_LIMIT = "body limit"


@asynccontextmanager
async def front_doors(
    world: World, name: str, bodies: Sequence[bytes], records: int, clients: int
) -> AsyncIterator[list[Contender]]:
    """Portico, the peers and the limits, each sent `bodies` of so many `records` by as many `clients`."""
    async with AsyncExitStack() as stack:

        async def contender(
            title: str, role: Role, path: str, port: int, pid: int, *queues: str, token: str = ""
        ) -> Contender:
            requests = [render(path, body, token) for body in bodies]

            async def turn(seconds: float) -> Outcome:
                async with connections(port, clients) as opened:
                    sent = await as_fast_as_answered(opened, requests, seconds)
                await purge(world.amqp_url, *queues)
                return Outcome(sent.rate * records, sent.requests * records, sent.latency_ms)

            return Contender(title, role, turn, {"gateway": pid})

        portico = Portico(world, name)
        gateway = await stack.enter_async_context(portico.gateway())
        found = [
            await contender(
                "Portico", Role.PORTICO, PATH, gateway.rest, gateway.pid, portico.queue, token=portico.token
            )
        ]
        for peer in PEERS:
            door = await stack.enter_async_context(peer.gateway(world))
            found.append(await contender(peer.title, Role.PEER, PEER_PATH, door.port, door.pid, peer.queue))
        publish = await stack.enter_async_context(limit(world, "publish"))
        found.append(await contender(PUBLISH_LIMIT, Role.LIMIT, "/", publish.port, publish.pid, QUEUE))
        body = await stack.enter_async_context(limit(world, "body"))
        found.append(await contender(BODY_LIMIT, Role.LIMIT, "/", body.port, body.pid))
        yield found
