"""aio-pika and motor: one upsert a message, then its ack."""

import asyncio
import os

import uvloop
from aio_pika import connect_robust
from aio_pika.abc import AbstractIncomingMessage
from motor.motor_asyncio import AsyncIOMotorClient

from bench.peers.customer import Customer

PREFETCH = 100


async def main() -> None:
    """Consume for ever."""
    client: AsyncIOMotorClient[dict[str, object]] = AsyncIOMotorClient(os.environ["MONGODB_URL"])
    collection = client[os.environ["DATABASE"]]["customers"]

    async def store(message: AbstractIncomingMessage) -> None:
        async with message.process():
            customer = Customer.model_validate_json(message.body)
            document = customer.model_dump(exclude={"id"})
            await collection.update_one({"_id": customer.id}, {"$set": document}, upsert=True)

    async with await connect_robust(os.environ["AMQP_URL"]) as connection:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=PREFETCH)
        queue = await channel.declare_queue(os.environ["QUEUE"], durable=True)
        await queue.consume(store)
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
