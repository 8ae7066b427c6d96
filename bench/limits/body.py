"""An aiohttp handler that reads the body and nothing else."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

_MOST_BYTES = 8 * 1024 * 1024


async def serve(port: int) -> None:
    """Serve for ever."""

    async def handler(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(status=202)

    await serve_handler(handler, port)


async def serve_handler(handler: Callable[[web.Request], Awaitable[web.Response]], port: int) -> None:
    """Serve `handler` at every path, for ever."""
    app = web.Application(client_max_size=_MOST_BYTES)
    app.router.add_post("/{path:.*}", handler)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()
