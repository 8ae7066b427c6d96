"""One thread that owns the file, and commits what is waiting together (group commit)."""

import asyncio
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from domain.errors import QueueUnavailableError
from messaging import sqlite_sql as sql
from messaging import sqlite_store

Request = TypeVar("Request")
Result = TypeVar("Result")
Operation = Callable[[sqlite3.Connection, Sequence[Request]], Sequence[Result]]

_BATCH_JOBS = 256
_BATCH_BYTES = 32 * 1024 * 1024
_BUSY_TIMEOUT = 5.0


@dataclass(eq=False, slots=True)
class Job:
    """One request on its way to the file."""

    operation: Operation[Any, Any]
    request: Any
    weight: int
    future: asyncio.Future[Any]
    abandoned: bool = False
    """Set by the one who asked: nobody waits any more, so do not begin it."""


class Writer:
    """Runs operations on the file in transactions, many requests in each.

    Requests of one kind that wait at the same time become one call of their operation. Where the
    file cannot be written, every request of the transaction ends in QueueUnavailableError.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._opened: asyncio.Future[None] = self._loop.create_future()
        self._thread = threading.Thread(target=self._serve, name=f"queue {path.name}", daemon=True)

    async def open(self) -> None:
        """Start the thread, and return when the file is open. Raises QueueUnavailableError."""
        self._thread.start()
        await asyncio.shield(self._opened)

    async def close(self) -> None:
        """Return when everything submitted is done and the file is closed."""
        self._jobs.put(None)
        await asyncio.shield(self._loop.run_in_executor(None, self._thread.join))

    def is_open(self) -> bool:
        """Whether requests are taken."""
        return self._thread.is_alive()

    def submit(self, operation: Operation[Request, Result], request: Request, weight: int = 0) -> Job:
        """Hand a request over; the job's future holds its result. `weight` in bytes."""
        job = Job(operation, request, weight, self._loop.create_future())
        self._jobs.put(job)
        return job

    async def run(
        self, operation: Operation[Request, Result | Exception], request: Request, weight: int = 0
    ) -> Result:
        """Hand a request over and wait for its commit; cancelled early enough, it is not begun."""
        job = self.submit(operation, request, weight)
        try:
            result: Result = await asyncio.shield(job.future)
        except asyncio.CancelledError:
            job.abandoned = True
            raise
        return result

    def _serve(self) -> None:
        try:
            db = _connect(self._path)
        except (sqlite3.Error, OSError) as error:
            self._tell(self._refuse_to_open, error)
            return
        with closing(db):
            self._tell(self._opened.set_result, None)
            while jobs := self._next_batch():
                begun = [job for job in jobs if not job.abandoned]
                results = _transact(db, begun)
                self._tell(_resolve, begun, results)

    def _next_batch(self) -> list[Job]:
        """All that waits, within bounds; empty at the end."""
        first = self._jobs.get()
        if first is None:
            return []
        jobs, weight = [first], first.weight
        while len(jobs) < _BATCH_JOBS and weight < _BATCH_BYTES:
            try:
                job = self._jobs.get_nowait()
            except Empty:
                break
            if job is None:
                self._jobs.put(None)
                break
            jobs.append(job)
            weight += job.weight
        return jobs

    def _refuse_to_open(self, error: Exception) -> None:
        refusal = QueueUnavailableError("the queue's file cannot be opened")
        refusal.__cause__ = error
        self._opened.set_exception(refusal)

    def _tell(self, callback: Callable[..., object], *arguments: object) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody is left to be told
            self._loop.call_soon_threadsafe(callback, *arguments)


def _connect(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    _create(path)
    db = sqlite3.connect(path, timeout=_BUSY_TIMEOUT, isolation_level=None, check_same_thread=False)
    try:
        _set_up(db)
    except BaseException:
        db.close()
        raise
    return db


def _create(path: Path) -> None:
    """Make a file that only its owner can read, for bodies are personal data.

    Never opens one that is there: closing it would drop the locks that this process's other
    connections hold on it (POSIX).
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def _set_up(db: sqlite3.Connection) -> None:
    """Two processes that switch a new file to WAL at once are told "locked" without being made to wait."""
    deadline = time.monotonic() + _BUSY_TIMEOUT
    while True:
        try:
            return sqlite_store.open_file(db)
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
        if db.in_transaction:
            db.execute(sql.ROLLBACK)
        time.sleep(0.01)


def _transact(db: sqlite3.Connection, jobs: Sequence[Job]) -> list[Any]:
    """The jobs' results, committed; or, for all of one kind, an error with nothing changed."""
    groups: dict[Operation[Any, Any], list[int]] = {}
    for place, job in enumerate(jobs):
        groups.setdefault(job.operation, []).append(place)
    results: list[Any] = [None] * len(jobs)
    try:
        db.execute(sql.BEGIN)
        for operation, places in groups.items():
            answers = operation(db, [jobs[place].request for place in places])
            for place, answer in zip(places, answers, strict=True):
                results[place] = answer
        db.execute(sql.COMMIT)
    except Exception as error:
        with suppress(sqlite3.Error):
            if db.in_transaction:
                db.execute(sql.ROLLBACK)
        if len(groups) == 1:
            return [_unavailable(error) for _ in jobs]
        # Each kind by itself: a full disk that takes no message can still be read.
        for places in groups.values():
            for place, answer in zip(places, _transact(db, [jobs[place] for place in places]), strict=True):
                results[place] = answer
    return results


def _unavailable(error: Exception) -> QueueUnavailableError:
    refusal = QueueUnavailableError("the queue's file cannot be written")
    refusal.__cause__ = error
    return refusal


def _resolve(jobs: Sequence[Job], results: Sequence[Any]) -> None:
    for job, result in zip(jobs, results, strict=True):
        if isinstance(result, Exception):
            job.future.set_exception(result)
            job.future.exception()  # the one who asked may have left
        else:
            job.future.set_result(result)
