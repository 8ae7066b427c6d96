"""FastStream and motor: one upsert a message, then its ack."""

import os

import uvloop
from faststream import FastStream
from faststream.rabbit import Channel, RabbitBroker, RabbitQueue
from motor.motor_asyncio import AsyncIOMotorClient

from bench.peers.customer import Customer

PREFETCH = 100

broker = RabbitBroker(os.environ["AMQP_URL"], default_channel=Channel(prefetch_count=PREFETCH))
app = FastStream(broker)
client: AsyncIOMotorClient[dict[str, object]] = AsyncIOMotorClient(os.environ["MONGODB_URL"])
collection = client[os.environ["DATABASE"]]["customers"]


@broker.subscriber(RabbitQueue(os.environ["QUEUE"], durable=True))
async def store(customer: Customer) -> None:
    """Upsert a customer."""
    document = customer.model_dump(exclude={"id"})
    await collection.update_one({"_id": customer.id}, {"$set": document}, upsert=True)


if __name__ == "__main__":
    uvloop.run(app.run())
