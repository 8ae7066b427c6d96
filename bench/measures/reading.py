"""A Portico with customers to read, and beside it a server that does the same and nothing more."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import grpc

from bench.contestants import limit
from bench.measure import Contender, Outcome, Role
from bench.measures.calling import call, channel
from bench.measures.population import populate
from bench.portico import Gateway, Portico
from bench.world import World

FIND_LIMIT = "grpc.aio and find limit"


@asynccontextmanager
async def populated(world: World, name: str, count: int) -> AsyncIterator[tuple[Portico, Gateway]]:
    """A gateway in front of `count` customers."""
    portico = Portico(world, name)
    async with AsyncExitStack() as stack:
        async with portico.ingestor():
            await populate(portico, count)
        yield portico, await stack.enter_async_context(portico.gateway())


@asynccontextmanager
async def answering(
    portico: Portico, gateway: Gateway, own: tuple[str, list[bytes]], other: tuple[str, list[bytes]]
) -> AsyncIterator[list[Contender]]:
    """Portico asked by `own` method and requests, the limit by the `other` ones."""
    async with AsyncExitStack() as stack:
        bare = await stack.enter_async_context(limit(portico.world, "find", DATABASE=portico.name))
        to_portico = await stack.enter_async_context(channel(gateway.grpc))
        to_bare = await stack.enter_async_context(channel(bare.port))
        yield [
            _contender("Portico", Role.PORTICO, to_portico, own, portico.token, gateway.pid),
            _contender(FIND_LIMIT, Role.LIMIT, to_bare, other, portico.token, bare.pid),
        ]


def _contender(
    name: str, role: Role, opened: grpc.aio.Channel, asked: tuple[str, list[bytes]], token: str, pid: int
) -> Contender:
    method, requests = asked

    async def turn(seconds: float) -> Outcome:
        return await call(opened, method, requests, token, seconds)

    return Contender(name, role, turn, {"gateway": pid})
