"""The file of a spool, which one process has at a time."""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from domain.clock import Clock
from domain.errors import QueueUnavailableError
from messaging import limits
from messaging import spool_store as store
from messaging.port import Message
from messaging.spool_store import Spooled, Stock, Wish
from messaging.sqlite_writer import Operation, Request, Writer


class SpoolFile:
    """Keeps messages, durably, in the order in which they came."""

    def __init__(self, writer: Writer, max_bytes: int, stock: Stock, clock: Clock) -> None:
        self.stock = stock
        """What is in the file, by all that was committed so far."""
        self.max_bytes = max_bytes
        self.changed = asyncio.Event()
        """Set whenever something is committed."""
        self._writer = writer
        self._put = partial(store.put, store.bounds(max_bytes))
        self._clock = clock

    async def put(self, message: Message, timeout: float) -> None:
        """Return once `message` is on disk, within `timeout` seconds.

        Raises MessageError where no queue could carry it, QueueFullError beyond the bound, and
        QueueUnavailableError where the disk did not take it; only after a timeout may it be kept then.
        """
        limits.check(message)
        dated = Message(message.headers, message.body, str(self._clock()))
        await self._commit(self._put, dated, timeout, len(message.body))

    async def read(self, wish: Wish) -> Sequence[Spooled]:
        """The messages wished for, oldest first. Raises QueueUnavailableError."""
        return await self._writer.run(store.read, wish)

    async def remove(self, last: int, timeout: float) -> None:
        """Remove every message up to the number `last`, within `timeout` seconds. Raises
        QueueUnavailableError."""
        await self._commit(store.remove, last, timeout)

    async def _commit(
        self,
        operation: Operation[Request, Stock | Exception],
        request: Request,
        timeout: float,
        weight: int = 0,
    ) -> None:
        job = self._writer.submit(operation, request, weight)
        # Noted whether anybody still waits or not: a spool that forgot what it holds would not forward it.
        job.future.add_done_callback(self._note)
        try:
            async with asyncio.timeout(timeout):
                await asyncio.shield(job.future)
        except TimeoutError as error:
            job.abandoned = True
            raise QueueUnavailableError("the spool's disk did not answer in time") from error
        except asyncio.CancelledError:
            job.abandoned = True
            raise

    def _note(self, done: "asyncio.Future[Stock]") -> None:
        if not done.cancelled() and done.exception() is None:
            self.stock = done.result()
            self.changed.set()


@asynccontextmanager
async def open_spool_file(path: Path, max_bytes: int, clock: Clock) -> AsyncIterator[SpoolFile]:
    """The spool at `path`, made with its folder where it is missing; it takes `max_bytes` bytes.

    Raises QueueUnavailableError where another process has it, or where it cannot be opened.
    """
    lock = _lock(path.with_name(f"{path.name}.lock"))
    try:
        writer = Writer(path)
        await writer.open()
        try:
            stock: Stock = await writer.run(store.look, None)
            yield SpoolFile(writer, max_bytes, stock, clock)
        finally:
            await writer.close()
    finally:
        os.close(lock)


def _lock(path: Path) -> int:
    """A lock that the system lets go of with the process; on a file of its own, as SQLite's must not be
    closed beside it."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise QueueUnavailableError("the spool's folder cannot be written") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise QueueUnavailableError(
            "another process has the spool; each gateway needs a data directory of its own"
        ) from error
    return lock
