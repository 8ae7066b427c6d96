"""An aiohttp handler that reads the body and publishes it, confirmed, to a queue like Portico's."""

import os

import aio_pika
from aiohttp import web

from bench.limits.body import serve_handler
from messaging.topology import Topology

QUEUE = "bench_limit.ingestions"
TOPOLOGY = Topology(QUEUE, max_messages=1_000_000, max_bytes=4 * 1024**3)


async def serve(port: int) -> None:
    """Serve for ever; AMQP_URL names the broker."""
    async with await aio_pika.connect(os.environ["AMQP_URL"]) as connection:
        exchange, _ = await TOPOLOGY.declare(await connection.channel(on_return_raises=True))

        async def handler(request: web.Request) -> web.Response:
            message = aio_pika.Message(await request.read(), delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
            await exchange.publish(message, routing_key="bench")
            return web.Response(status=202)

        await serve_handler(handler, port)
