"""The bookkeeper: counts each minute again once it is quiet, and says what stays unexplained.

Processes that were killed lost what they counted last; where both sides of the equation did, only the
receipts tell.
"""

import asyncio
import contextlib
import secrets
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import structlog

from domain.clock import Clock
from domain.errors import TransientError
from domain.ledger.read import sum_by_operation
from domain.ledger.rows import MINUTE, RECOUNT, Balance, Bucket, Counts, LedgerRow, LedgerStore, balance
from ingestor.ledger_metrics import LedgerMetrics
from storage.leases import LeaseRepository

_log = structlog.get_logger(__name__)

_LEASE = "ledger"
_DAY = 86_400_000
_OVERLAP = 60_000
"""Milliseconds that the clocks of two processes may differ, or a row be late."""
_RECOUNTS_A_PASS = 20
"""Minutes."""


@dataclass(frozen=True, slots=True)
class LedgerLimits:
    """When the bookkeeper loses patience, in seconds."""

    grace: float
    """Without a change, and with an empty queue."""
    alarm: float
    """Whatever the queue holds."""
    days: int
    """How long the ledger is kept."""

    @property
    def pause(self) -> float:
        """Seconds between two passes."""
        return min(5.0, self.grace / 4)


class Bookkeeper:
    """One of all ingestors' keeps the books at a time; the others wait for its lease to end."""

    def __init__(
        self,
        store: LedgerStore,
        leases: LeaseRepository,
        on_their_way: Callable[[], Awaitable[int]],
        metrics: LedgerMetrics,
        clock: Clock,
        limits: LedgerLimits,
    ) -> None:
        """`on_their_way`: how many messages are in the queue, or were taken and are not settled."""
        self._store = store
        self._leases = leases
        self._on_their_way = on_their_way
        self._metrics = metrics
        self._clock = clock
        self._limits = limits
        self._owner = secrets.token_hex(8)
        self._stopping = asyncio.Event()
        self._forgot_at = 0
        self._rows: defaultdict[Bucket, dict[str, LedgerRow]] = defaultdict(dict)
        self._balances: dict[Bucket, Balance] = {}
        self._open: defaultdict[int, set[Bucket]] = defaultdict(set)
        self._read_until: int | None = None
        self._empty_since: int | None = None

    def stop(self) -> None:
        """Begin no further pass."""
        self._stopping.set()

    async def run(self) -> None:
        """Keep the books until `stop`."""
        while not self._stopping.is_set():
            try:
                await self._keep_books()
            except TransientError as error:
                self._empty_since = None
                _log.warning("ledger_waits", error=str(error))
            except Exception:  # a bug of ours in here must not end the ingestor, nor go unseen
                _log.exception("bookkeeper_failed")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), self._limits.pause)
        with contextlib.suppress(TransientError):
            await self._leases.give_up(_LEASE, self._owner)

    def _start_over(self) -> None:
        self._rows.clear()
        self._balances.clear()
        self._open.clear()
        self._read_until = self._empty_since = None

    async def _keep_books(self) -> None:
        now = self._clock()
        until = now + int(self._limits.pause * 3000) + 2000
        if not await self._leases.hold(_LEASE, self._owner, now=now, until=until):
            self._start_over()
            self._metrics.clear()
            return
        await self._read(now)
        await self._look_at_queue(now)
        for minute in self._due(now)[:_RECOUNTS_A_PASS]:
            await self._recount(minute, now)
        self._metrics.show(sum_by_operation(self._balances))
        if now - self._forgot_at > _DAY // 24:
            await self._store.forget(now - self._limits.days * _DAY)
            self._forgot_at = now

    async def _read(self, now: int) -> None:
        """Take in what changed, and leave out what is older than a day."""
        oldest = now - _DAY
        if self._read_until is None:
            rows = await self._store.within(oldest, now + _OVERLAP)
        else:
            rows = await self._store.changed_since(self._read_until - _OVERLAP)
        self._read_until = now
        for row in rows:
            self._enter(row)
        for bucket in [bucket for bucket in self._rows if bucket.minute < oldest]:
            del self._rows[bucket], self._balances[bucket]
            self._open.pop(bucket.minute, None)

    def _enter(self, row: LedgerRow) -> None:
        rows = self._rows[row.bucket]
        rows[row.writer] = row
        self._balances[row.bucket] = found = balance(rows.values())
        recount = rows.get(RECOUNT)
        if found.missing or recount is None or recount.changed_at <= self._changed_at(row.bucket):
            self._open[row.bucket.minute].add(row.bucket)
        else:
            self._open[row.bucket.minute].discard(row.bucket)

    async def _look_at_queue(self, now: int) -> None:
        if await self._on_their_way():
            self._empty_since = None
        elif self._empty_since is None:
            self._empty_since = now

    def _due(self, now: int) -> list[int]:
        """The minutes that are open and that nothing, no recount either, has changed for a grace."""
        since = now - self._grace
        return sorted(
            minute
            for minute, buckets in self._open.items()
            if buckets and max(self._touched_at(bucket) for bucket in buckets) <= since
        )

    async def _recount(self, minute: int, now: int) -> None:
        counted = await self._store.recount(minute)
        rows = [
            self._verdict(bucket, counted.get(bucket, {}), now)
            for bucket in self._open[minute] | set(counted)
        ]
        await self._store.put_many(rows)
        for row in rows:
            before = self._balances[row.bucket].unexplained if row.bucket in self._balances else 0
            self._enter(row)
            if row.unexplained > before:
                _log.error(
                    "records_unexplained",
                    tenant=row.bucket.tenant,
                    operation=row.bucket.operation,
                    minute=minute,
                    records=row.unexplained,
                )

    def _verdict(self, bucket: Bucket, counted: Counts, now: int) -> LedgerRow:
        row = LedgerRow(bucket, RECOUNT, now, outcomes=dict(counted))
        missing = balance([*self._others(bucket), row]).missing
        known = self._balances[bucket].unexplained if bucket in self._balances else 0
        return replace(row, unexplained=missing if self._is_overdue(bucket, now) else min(missing, known))

    def _changed_at(self, bucket: Bucket) -> int:
        return max((row.changed_at for row in self._others(bucket)), default=0)

    def _touched_at(self, bucket: Bucket) -> int:
        return max(row.changed_at for row in self._rows[bucket].values())

    def _others(self, bucket: Bucket) -> list[LedgerRow]:
        return [row for writer, row in self._rows.get(bucket, {}).items() if writer != RECOUNT]

    def _is_overdue(self, bucket: Bucket, now: int) -> bool:
        """Whether what the bucket misses can no longer be on its way."""
        if self._empty_since is not None and now - self._empty_since >= self._grace:
            return True
        return now - bucket.minute - MINUTE >= self._limits.alarm * 1000

    @property
    def _grace(self) -> int:
        return int(self._limits.grace * 1000)
