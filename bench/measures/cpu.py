"""CPU-seconds a million records, from the POST to the store: gateway, ingestor, broker and store together."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import aiohttp

from bench.bodies import batches
from bench.contestants import PEER_PATH, PEERS
from bench.measure import BEST_PEER, Contender, Measure, Outcome, Role, Target
from bench.measures.stored import BATCH, TAIL, forget, peer_stored, portico_stored
from bench.portico import PATH, Portico
from bench.processes import read, started
from bench.world import World

_AT_ONCE = 4
_LAST = _AT_ONCE * BATCH + TAIL
"""Records that may be the last to be stored: batches posted at once come to the queue in any order."""
_MILLION = 1_000_000

Stored = Callable[[int, int, Sequence[str]], Awaitable[None]]
"""Waits until customers are stored: the first one's number, how many, and the ingestion ids answered."""


@dataclass
class _Path:
    """From one front door to the store."""

    url: str
    token: str
    processes: dict[str, int]
    servers: dict[str, int]
    stored: Stored
    next_number: int = 0
    rate: float = 2 * BATCH
    """Records a second, to know how many a turn takes."""

    async def turn(self, seconds: float) -> Outcome:
        """Post new customers, wait until they are stored, and count the CPU time of everybody."""
        count = max(1, round(self.rate * seconds / BATCH)) * BATCH
        first, self.next_number = self.next_number, self.next_number + count
        bodies = list(batches(first, count, BATCH))
        loop = asyncio.get_running_loop()
        before, begun = self._used(), loop.time()
        await self.stored(first, count, await self._post(bodies))
        self.rate = count / (loop.time() - begun)
        return Outcome((self._used() - before) * _MILLION / count, count)

    async def _post(self, bodies: Sequence[bytes]) -> list[str]:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        free = asyncio.Semaphore(_AT_ONCE)
        async with aiohttp.ClientSession(headers=headers, raise_for_status=True) as session:

            async def post(body: bytes) -> str:
                async with free, session.post(self.url, data=body) as answer:
                    return answer.headers.get("Portico-Ingestion", "")

            return list(await asyncio.gather(*map(post, bodies)))

    def _used(self) -> float:
        return sum(read(pid).cpu_seconds for pid in (*self.processes.values(), *self.servers.values()))


@asynccontextmanager
async def _contenders(world: World) -> AsyncIterator[Sequence[Contender]]:
    async with AsyncExitStack() as stack:
        portico = Portico(world, "bench_cpu")
        gateway = await stack.enter_async_context(portico.gateway())
        ingestor = await stack.enter_async_context(portico.ingestor())

        async def own_stored(_: int, count: int, ids: Sequence[str]) -> None:
            await portico_stored(portico, ids, "created", count)

        url = f"http://127.0.0.1:{gateway.rest}{PATH}"
        processes = {"gateway": gateway.pid, "ingestor": ingestor.pid}
        path = _Path(url, portico.token, processes, world.servers, own_stored)
        found = [Contender("Portico", Role.PORTICO, path.turn, processes)]
        await forget(world, PEERS)
        gateways = await started(stack, *(peer.gateway(world) for peer in PEERS))
        ingestors = await started(stack, *(peer.ingestor(world) for peer in PEERS))
        for peer, door, storer in zip(PEERS, gateways, ingestors, strict=True):

            async def stored(first: int, count: int, _: Sequence[str], database: str = peer.database) -> None:
                await peer_stored(world, database, first, count, 1, _LAST)

            url = f"http://127.0.0.1:{door.port}{PEER_PATH}"
            processes = {"gateway": door.pid, "ingestor": storer.pid}
            path = _Path(url, "", processes, world.servers, stored)
            found.append(Contender(peer.title, Role.PEER, path.turn, processes))
        yield found


MEASURE = Measure(
    name="cpu",
    title="CPU time from POST to stored, batches of 500 new customers, broker and store included",
    unit="CPU-seconds per million records",
    targets=(Target(BEST_PEER, 1 / 8, at_most=True),),
    contenders=_contenders,
    less_is_better=True,
)
