"""Waiting for the outcome of ingestions: many who wait, one who asks the store."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import Context
from typing import Self

from domain.errors import StoreUnavailableError
from domain.ports import ReceiptStore
from domain.receipts import Receipt
from gateway.errors import OverloadedError

_FIRST_PAUSE = 0.005
_LONGEST_PAUSE = 0.1

_Waiter = asyncio.Future[Receipt]


class ReceiptWatcher:
    """Waits for receipts. Open with `async with`; leaving it ends every wait with None.

    All that is waited for is asked in one read, 5 ms after the last one at first and up to 100 ms
    while nothing comes. Nobody waits: nothing is asked.
    """

    def __init__(self, receipts: ReceiptStore, *, max_waiters: int = 1000) -> None:
        """`max_waiters`: how many may wait at a time."""
        self._receipts = receipts
        self._max_waiters = max_waiters
        self._waiters: dict[str, set[_Waiter]] = {}
        self._count = 0
        self._pause = _FIRST_PAUSE
        self._newcomer = asyncio.Event()
        self._polling: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Nothing to open: the store is."""
        return self

    async def __aexit__(self, *exc: object) -> None:
        """End every wait."""
        for waiters in self._waiters.values():
            for waiter in waiters:
                waiter.cancel()
        if self._polling is not None:
            self._polling.cancel()
            await asyncio.gather(self._polling, return_exceptions=True)

    async def wait(self, ingestion_id: str, timeout: float) -> Receipt | None:
        """The receipt of `ingestion_id`, or None where there is none within `timeout` seconds.

        A store that is away is asked again until then. Raises OverloadedError where too many wait.
        """
        with self._waiting(ingestion_id) as waiter:
            # Not wait_for: it cannot tell the end of the watcher from that of the caller.
            await asyncio.wait((waiter,), timeout=timeout)
            return waiter.result() if waiter.done() and not waiter.cancelled() else None

    @contextmanager
    def _waiting(self, ingestion_id: str) -> Iterator[_Waiter]:
        if self._count >= self._max_waiters:
            raise OverloadedError("too many requests wait for an outcome")
        waiter: _Waiter = asyncio.get_running_loop().create_future()
        self._waiters.setdefault(ingestion_id, set()).add(waiter)
        self._count += 1
        self._welcome()
        try:
            yield waiter
        finally:
            self._count -= 1
            self._dismiss(ingestion_id, waiter)

    def _welcome(self) -> None:
        self._pause = _FIRST_PAUSE
        self._newcomer.set()
        if self._polling is None:
            # It asks for all who wait: in no trace, and under nobody's name in the log.
            self._polling = asyncio.get_running_loop().create_task(self._poll(), context=Context())

    def _dismiss(self, ingestion_id: str, waiter: _Waiter) -> None:
        waiters = self._waiters.get(ingestion_id, set())
        waiters.discard(waiter)
        if not waiters:
            self._waiters.pop(ingestion_id, None)

    async def _poll(self) -> None:
        try:
            while self._waiters:
                self._newcomer.clear()
                self._hand_out(await self._ask())
                await self._rest()
        except Exception as error:
            self._fail(error)  # a bug: those who wait must hear of it and not sit it out
        finally:
            self._polling = None

    async def _ask(self) -> dict[str, Receipt]:
        try:
            return await self._receipts.get_many(list(self._waiters))
        except StoreUnavailableError:
            return {}  # not yet: each waiter has its own deadline

    def _hand_out(self, found: dict[str, Receipt]) -> None:
        for ingestion_id, receipt in found.items():
            for waiter in self._waiters.pop(ingestion_id, set()):
                if not waiter.done():
                    waiter.set_result(receipt)

    def _fail(self, error: Exception) -> None:
        for waiters in self._waiters.values():
            for waiter in waiters:
                if not waiter.done():
                    waiter.set_exception(error)
        self._waiters.clear()

    async def _rest(self) -> None:
        """Pause, longer each time; a newcomer cuts a long pause down to the shortest."""
        pause, self._pause = self._pause, min(self._pause * 2, _LONGEST_PAUSE)
        try:
            async with asyncio.timeout(pause):
                await self._newcomer.wait()
        except TimeoutError:
            return
        await asyncio.sleep(_FIRST_PAUSE)
