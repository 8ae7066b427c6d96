"""FastAPI and aio-pika: one persistent, confirmed message a record."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aio_pika import DeliveryMode, Message, connect_robust
from fastapi import FastAPI, Request

from bench.peers.customer import Batch


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Connect while the application runs."""
    async with await connect_robust(os.environ["AMQP_URL"]) as connection:
        channel = await connection.channel()
        await channel.declare_queue(os.environ["QUEUE"], durable=True)
        app.state.exchange = channel.default_exchange
        yield


app = FastAPI(lifespan=lifespan)


@app.post("/customers", status_code=202)
async def ingest(batch: Batch, request: Request) -> dict[str, int]:
    """Publish each customer."""
    exchange, queue = request.app.state.exchange, os.environ["QUEUE"]
    await asyncio.gather(
        *(
            exchange.publish(
                Message(customer.model_dump_json().encode(), delivery_mode=DeliveryMode.PERSISTENT), queue
            )
            for customer in batch.customers
        )
    )
    return {"accepted": len(batch.customers)}
