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
from messaging.sqlite_writer import Job, Operation, Request, Writer

_LARGE = 32 * 1024 * 1024
_ENDINGS = ("", "-wal", "-shm")
"""Of SQLite's files; without the first the others mean nothing, so that goes first."""


class SpoolFile:
    """Keeps messages, durably, in the order in which they came."""

    def __init__(self, path: Path, max_bytes: int, clock: Clock) -> None:
        self.stock = Stock(0, 0, 0, 0)
        """What is in the file, by all that was committed so far."""
        self.max_bytes = max_bytes
        self.changed = asyncio.Event()
        """Set whenever something is committed."""
        self._path = path
        self._put = partial(store.put, store.bounds(max_bytes))
        self._clock = clock
        self._writer: Writer | None = None
        self._opened = asyncio.Event()
        self._renewal: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Open the file, made with its folder where it is missing. Raises QueueUnavailableError."""
        writer = Writer(self._path)
        await writer.open()
        try:
            self.stock = await writer.run(store.begin, self.stock.newest)
        except BaseException:
            await writer.close()
            raise
        self._writer = writer
        self._opened.set()

    def is_open(self) -> bool:
        """Whether there is a file; where `renew` failed there is none until `open` succeeds."""
        return self._writer is not None

    async def close(self) -> None:
        """Return when everything asked for is done and the file is closed."""
        if self._renewal is not None:
            await asyncio.wait([self._renewal])
        if self._writer is not None:
            await self._writer.close()

    def is_large(self) -> bool:
        """Whether the file takes much room, in use or not."""
        return self._path.stat().st_size > _LARGE

    async def renew(self, last: int) -> None:
        """Put an empty file in the place of one whose messages are done with up to the number `last`.

        Works on a full disk, where nothing can be removed from the file. Where something has come since, the
        file stays. Raises QueueUnavailableError. What is put meanwhile waits.
        """
        self._renewal = asyncio.create_task(self._renew(last))
        await asyncio.shield(self._renewal)

    async def _renew(self, last: int) -> None:
        writer, self._writer = await self._open_writer(), None
        self._opened.clear()
        try:
            # Asked of the file itself, after all that was submitted: a message too late to be noted counts.
            stock = await writer.run(store.look, None)
        finally:
            await writer.close()
        if stock.newest <= last:
            try:
                await asyncio.to_thread(self._unlink)
            except OSError as error:
                raise QueueUnavailableError("the spool's file cannot be replaced") from error
        await self.open()

    def _unlink(self) -> None:
        for ending in _ENDINGS:
            self._path.with_name(self._path.name + ending).unlink(missing_ok=True)

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
        return await (await self._open_writer()).run(store.read, wish)

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
        try:
            async with asyncio.timeout(timeout):
                await self._done((await self._open_writer()).submit(operation, request, weight))
        except TimeoutError as error:
            raise QueueUnavailableError("the spool's disk did not answer in time") from error

    async def _open_writer(self) -> Writer:
        """The writer, once the file is open."""
        while self._writer is None:
            await self._opened.wait()
        return self._writer

    async def _done(self, job: Job) -> None:
        # Noted whether anybody still waits or not: a spool that forgot what it holds would not forward it.
        job.future.add_done_callback(self._note)
        try:
            await asyncio.shield(job.future)
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
        file = SpoolFile(path, max_bytes, clock)
        await file.open()
        try:
            yield file
        finally:
            await file.close()
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
