"""Sending a load: at a rate, or as fast as so many clients are answered."""

import asyncio
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import aiohttp
import orjson

from cli.load.book import Book
from cli.load.plan import Batch

_ANSWER_WITHIN = 30.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 4.0
"""Seconds until a request is sent again, about: twice as long each time, unless the answer asks for more."""
_OUTSTANDING = 2_000
"""Requests at a time, at most, of a load with a rate; what is due waits, and its wait is counted."""
_TRANSIENT = {429, 503}


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast, and how long."""

    rate: float | None
    """Records a second; None: each client sends its next batch when the last one is answered."""
    clients: int
    """Clients, of a load without a rate."""
    seconds: float | None
    records: int | None
    """The load ends when the first of the two is reached; None for no such end."""
    patience: float
    """Seconds for which a request is sent again that was not accepted."""


class Sender:
    """Sends batches over one surface, each again under its `Idempotency-Key` until it is accepted."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        token: str,
        book: Book,
        progress: Callable[[int], None],
    ) -> None:
        """`progress` is told the number of records of each batch that is over."""
        self._session = session
        self._url = url
        self._headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "Prefer": "handling=lenient",
        }
        self._book = book
        self._progress = progress

    async def run(self, batches: Iterator[Batch], pace: Pace) -> float:
        """Send until the load is at its end and every request is over; the seconds for which it sent."""
        begun = time.monotonic()
        ending = _Ending(batches, pace, begun)
        if pace.rate is None:
            async with asyncio.TaskGroup() as clients:
                for _ in range(pace.clients):
                    clients.create_task(self._closed_loop(ending, pace.patience))
            return time.monotonic() - begun
        return await self._open_loop(ending, pace.rate, pace.patience, begun)

    async def _closed_loop(self, batches: Iterator[Batch], patience: float) -> None:
        for batch in batches:
            await self._send(batch, time.monotonic(), patience)

    async def _open_loop(self, batches: Iterator[Batch], rate: float, patience: float, begun: float) -> float:
        room, due = asyncio.Semaphore(_OUTSTANDING), begun

        async def send(batch: Batch, due: float) -> None:
            try:
                await self._send(batch, due, patience)
            finally:
                room.release()

        async with asyncio.TaskGroup() as requests:
            for batch in batches:
                if (pause := due - time.monotonic()) > 0:
                    await asyncio.sleep(pause)
                await room.acquire()
                requests.create_task(send(batch, due))
                due += len(batch.numbers) / rate
            return time.monotonic() - begun

    async def _send(self, batch: Batch, due: float, patience: float) -> None:
        self._book.sending(batch)
        failures = 0
        while True:
            status, text, retry_after = await self._attempt(batch)
            self._book.attempted(batch, str(status) if status else "no answer")
            now = time.monotonic()
            if status == 202:
                self._book.acknowledge(
                    batch, orjson.loads(text)["correlationId"], now - due, after_failure=failures > 0
                )
                break
            if status and status not in _TRANSIENT:
                self._book.surprises.append(
                    f"{status} to {batch.kind}: {text[:200].decode(errors='replace')}"
                )
                break
            if now - due > patience:
                self._book.given_up += len(batch.numbers)
                break
            pause = max(retry_after, _pause_after(failures))
            failures += 1
            await asyncio.sleep(min(pause, max(0.0, due + patience - now)))
        self._progress(len(batch.numbers))

    async def _attempt(self, batch: Batch) -> tuple[int, bytes, float]:
        """Status, body and the seconds to wait that it asks for; status 0 where there was no answer."""
        path = "events" if batch.kind == "events" else f"{batch.kind}:ingest"
        headers = {**self._headers, "Idempotency-Key": batch.key}
        try:
            async with self._session.post(
                f"{self._url}/v1/customer/{path}",
                data=batch.body,
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=_ANSWER_WITHIN),
            ) as answer:
                return answer.status, await answer.read(), _seconds(answer.headers.get("Retry-After", ""))
        except (aiohttp.ClientError, TimeoutError):
            return 0, b"", 0.0


class _Ending:
    """Batches, shared by all clients, until the load is at its end."""

    def __init__(self, batches: Iterator[Batch], pace: Pace, begun: float) -> None:
        self._batches = batches
        self._until = None if pace.seconds is None else begun + pace.seconds
        self._left = pace.records

    def __iter__(self) -> Iterator[Batch]:
        return self

    def __next__(self) -> Batch:
        if self._until is not None and time.monotonic() >= self._until:
            raise StopIteration
        if self._left is not None and self._left <= 0:
            raise StopIteration
        batch = next(self._batches)
        if self._left is not None:
            self._left -= len(batch.numbers)
        return batch


def _pause_after(failures: int) -> float:
    """Seconds after so many failures and one more, each time others: not all clients come back at once."""
    longest = min(_FIRST_PAUSE * 2 ** min(failures, 16), _LONGEST_PAUSE)
    return random.uniform(longest / 2, longest)  # noqa: S311 - no secret


def _seconds(retry_after: str) -> float:
    return float(retry_after) if retry_after.isdecimal() else 0.0
