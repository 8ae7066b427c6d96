"""A process of its own on a SQLite queue, for tests that kill or stop it.

`python -m tests.messaging.child publish|publish_one|consume FILE LEASE`
"""

import asyncio
import sys
from pathlib import Path

from messaging.port import Message
from messaging.sqlite import SqliteQueue
from tests.messaging.benches import ROOM, ack_all


async def publish(queue: SqliteQueue) -> None:
    """Publish numbers for ever, 50 in flight; print each that was confirmed."""
    async with queue.publisher() as publisher:

        async def every(first: int) -> None:
            for number in range(first, ROOM, 50):
                await publisher.publish(Message({}, b"%d" % number), 10.0)
                print(number, flush=True)

        await asyncio.gather(*(every(first) for first in range(50)))


async def publish_one(queue: SqliteQueue) -> None:
    """Publish one message, and leave in order."""
    async with queue.publisher() as publisher:
        await publisher.publish(Message({}, b"visitor"), 10.0)


async def consume(queue: SqliteQueue) -> None:
    """Take what is there, print how many, wait for a line of input, acknowledge, print again."""
    async with queue.consumer(1000) as consumer:
        taken = await consumer.take(1000, ROOM, 20.0)
        print(len(taken), flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        await ack_all(taken)
        print("settled", flush=True)


async def main() -> None:
    """Do what the command line says."""
    role, file, lease = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3])
    queue = SqliteQueue(file, max_messages=ROOM, max_bytes=ROOM, lease=lease)
    await {"publish": publish, "publish_one": publish_one, "consume": consume}[role](queue)


if __name__ == "__main__":
    asyncio.run(main())
