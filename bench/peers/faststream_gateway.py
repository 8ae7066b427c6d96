"""FastAPI and FastStream: one persistent, confirmed message a record."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from faststream.rabbit import RabbitBroker, RabbitQueue

from bench.peers.customer import Batch

broker = RabbitBroker(os.environ["AMQP_URL"])
queue = RabbitQueue(os.environ["QUEUE"], durable=True)
publisher = broker.publisher(queue, persist=True)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Connect while the application runs."""
    async with broker:
        await broker.start()
        await broker.declare_queue(queue)
        yield


app = FastAPI(lifespan=lifespan)


@app.post("/customers", status_code=202)
async def ingest(batch: Batch) -> dict[str, int]:
    """Publish each customer."""
    await asyncio.gather(*(publisher.publish(customer) for customer in batch.customers))
    return {"accepted": len(batch.customers)}
