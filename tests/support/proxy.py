"""A TCP proxy that misbehaves on demand, for tests of faults between two real parts."""

import asyncio
import contextlib
from typing import Self

_CHUNK = 1 << 16


class Proxy:
    """Listens on a free port of `host` and carries bytes to and from 127.0.0.1:`target_port`."""

    def __init__(self, target_port: int, host: str = "127.0.0.1") -> None:
        self._target_port = target_port
        self._host = host
        self._there = asyncio.Event()
        self._back = asyncio.Event()
        self.resume()
        self._server: asyncio.Server | None = None
        self._links: set[asyncio.Task[None]] = set()
        self._refusing = False
        self.latency = 0.0
        """Seconds that every chunk is held, each way."""
        self.bandwidth = 0
        """Bytes a second and connection, each way; 0: as many as there are."""
        self.slice = _CHUNK
        """Bytes that are carried at a time, at most."""
        self.asked = 0
        """Bytes that were carried to the target."""
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, self._host, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        await self.cut()
        await self._server.wait_closed()

    async def cut(self) -> None:
        """Reset every connection; new ones are carried."""
        links = list(self._links)
        for link in links:
            link.cancel()
        await asyncio.gather(*links, return_exceptions=True)

    def pause(self, *, answers_only: bool = False) -> None:
        """Swallow nothing, carry nothing: a black hole. New connections are accepted and hang.

        With `answers_only` what is asked still arrives, and nobody hears that it did.
        """
        if not answers_only:
            self._there.clear()
        self._back.clear()

    def resume(self) -> None:
        """Carry bytes again, those that waited first."""
        self._there.set()
        self._back.set()

    def calm(self) -> None:
        """Carry everything again, at once and in one piece."""
        self.admit()
        self.resume()
        self.latency, self.bandwidth, self.slice = 0.0, 0, _CHUNK

    async def refuse(self) -> None:
        """Reset every connection, and each new one at once, until `admit`."""
        self._refusing = True
        await self.cut()

    def admit(self) -> None:
        """Carry new connections again."""
        self._refusing = False

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._links.add(task)
        try:
            if not self._refusing:
                await self._carry(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass  # `cut` ends links by cancelling them; the server's own task wrapper expects a quiet end
        finally:
            self._links.discard(task)
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream = await asyncio.open_connection("127.0.0.1", self._target_port)
        try:
            async with asyncio.TaskGroup() as group:
                there = group.create_task(self._pump(reader, upstream, self._there))
                back = group.create_task(self._pump(upstream_reader, writer, self._back))
                await asyncio.wait((there, back), return_when=asyncio.FIRST_COMPLETED)
                there.cancel()
                back.cancel()
        finally:
            upstream.transport.abort()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, flowing: asyncio.Event
    ) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(self.slice):
                await flowing.wait()
                if self.latency:
                    await asyncio.sleep(self.latency)
                if self.bandwidth:
                    await asyncio.sleep(len(chunk) / self.bandwidth)
                writer.write(chunk)
                await writer.drain()
                self.asked += len(chunk) if flowing is self._there else 0
