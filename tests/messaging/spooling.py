"""A spool before a real queue, here and in a process of its own that tests kill.

`python -m tests.messaging.spooling URL QUEUE FILE`
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from prometheus_client import CollectorRegistry

from domain.clock import system_clock
from messaging.amqp import AmqpQueue
from messaging.port import Message, Queue
from messaging.spool import Spool
from messaging.spool_file import open_spool_file
from messaging.spool_metrics import SpoolMetrics
from tests.messaging.benches import ROOM


@asynccontextmanager
async def open_spool(
    queue: Queue, path: Path, max_bytes: int, registry: CollectorRegistry
) -> AsyncIterator[Spool]:
    """A spool of `max_bytes` at `path` before `queue`, forwarding."""
    async with queue.publisher() as broker, open_spool_file(path, max_bytes, system_clock) as file:
        metrics = SpoolMetrics(registry, file, system_clock)
        spool = Spool(broker, file, metrics, timeout=10.0)
        async with spool.forwarding():
            yield spool


async def main() -> None:
    """Publish numbers for ever, 20 in flight; print each that was promised."""
    url, name, path = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    queue = AmqpQueue(url, name=name, max_messages=ROOM, max_bytes=ROOM, heartbeat=2)
    async with open_spool(queue, path, ROOM, CollectorRegistry()) as spool:

        async def every(first: int) -> None:
            for number in range(first, ROOM, 20):
                await spool.publish(Message({}, b"%d" % number), 10.0)
                print(number, flush=True)

        await asyncio.gather(*(every(first) for first in range(20)))


if __name__ == "__main__":
    asyncio.run(main())
