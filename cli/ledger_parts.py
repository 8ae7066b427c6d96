"""The ledger, wired: what each process counts is kept every second, and one ingestor keeps the books."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import structlog

from cli.background import in_background
from cli.base import Base
from domain.clock import system_clock
from domain.errors import TransientError
from domain.ledger.book import LedgerBook
from domain.ledger.rows import LedgerStore
from ingestor.bookkeeper import Bookkeeper, LedgerLimits
from ingestor.ledger_metrics import LedgerMetrics
from messaging.port import Queue

_log = structlog.get_logger(__name__)

_PAUSE = 1.0
_LAST_SECONDS = 3.0
"""What keeping the last counts may take when the process ends."""


@asynccontextmanager
async def keeping_ledger(base: Base) -> AsyncIterator[None]:
    """What this process counts is kept while it runs, and once more at the end."""
    task = asyncio.create_task(_keep(base.ledger_book, base.store.ledger))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        with contextlib.suppress(TimeoutError, TransientError):
            async with asyncio.timeout(_LAST_SECONDS):
                await keep_changes(base.ledger_book, base.store.ledger)


async def _keep(book: LedgerBook, store: LedgerStore) -> None:
    away = False
    while True:
        await asyncio.sleep(_PAUSE)
        try:
            await keep_changes(book, store)
            away = False
        except TransientError as error:
            if not away:
                _log.warning("ledger_waits", error=str(error))
            away = True
        except Exception:  # a bug of ours in here must not end the process, nor go unseen
            _log.exception("ledger_failed")


async def keep_changes(book: LedgerBook, store: LedgerStore) -> None:
    """Keep what `book` counted since it was last kept. Raises StoreUnavailableError; nothing is lost then."""
    rows = book.take_changed()
    try:
        if rows:
            await store.put_many(rows)
    except BaseException:
        book.put_back(rows)
        raise


async def _on_their_way(queue: Queue) -> int:
    """Messages in the queue, and in this process's hands. Raises QueueUnavailableError."""
    # In this order, which is theirs: one that is taken meanwhile is counted twice, not left out.
    waiting = await queue.depth()
    return waiting + queue.unsettled()


@asynccontextmanager
async def bookkeeping(base: Base) -> AsyncIterator[None]:
    """A bookkeeper at work."""
    settings = base.settings
    bookkeeper = Bookkeeper(
        base.store.ledger,
        base.store.leases,
        partial(_on_their_way, base.queue),
        LedgerMetrics(base.registry, base.operations),
        system_clock,
        LedgerLimits(settings.ledger_grace_seconds, settings.ledger_alarm_seconds, settings.ledger_days),
    )
    async with in_background(bookkeeper.run(), bookkeeper.stop, _LAST_SECONDS):
        yield
