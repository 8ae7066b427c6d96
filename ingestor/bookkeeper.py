"""The bookkeeper: recounts what does not add up, and says what stays unexplained."""

import asyncio
import contextlib
import secrets
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from domain.clock import Clock
from domain.errors import TransientError
from domain.ledger.read import sum_by_operation
from domain.ledger.rows import MINUTE, RECOUNT, Balance, Bucket, LedgerRow, LedgerStore, balance
from ingestor.ledger_metrics import LedgerMetrics
from storage.leases import LeaseRepository

_log = structlog.get_logger(__name__)

_LEASE = "ledger"
_DAY = 86_400_000
_OVERLAP = 60_000
"""Milliseconds that the clocks of two processes may differ, or a row be late."""
_RECOUNTS_A_PASS = 50


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
        return min(15.0, self.grace / 4)


class Bookkeeper:
    """One of all ingestors' keeps the books at a time; the others wait for its lease to end."""

    def __init__(
        self,
        store: LedgerStore,
        leases: LeaseRepository,
        depth: Callable[[], Awaitable[int]],
        metrics: LedgerMetrics,
        clock: Clock,
        limits: LedgerLimits,
    ) -> None:
        """`depth`: how many messages wait in the queue."""
        self._store = store
        self._leases = leases
        self._depth = depth
        self._metrics = metrics
        self._clock = clock
        self._limits = limits
        self._owner = secrets.token_hex(8)
        self._stopping = asyncio.Event()
        self._forgot_at = 0
        self._rows: defaultdict[Bucket, dict[str, LedgerRow]] = defaultdict(dict)
        self._balances: dict[Bucket, Balance] = {}
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
        self._read_until = self._empty_since = None

    async def _keep_books(self) -> None:
        now = self._clock()
        until = now + int(self._limits.pause * 3000) + 5000
        if not await self._leases.hold(_LEASE, self._owner, now=now, until=until):
            self._start_over()
            self._metrics.clear()
            return
        await self._read(now)
        await self._look_at_queue(now)
        for bucket in self._due(now)[:_RECOUNTS_A_PASS]:
            await self._recount(bucket, now)
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

    def _enter(self, row: LedgerRow) -> None:
        rows = self._rows[row.bucket]
        rows[row.writer] = row
        self._balances[row.bucket] = balance(rows.values())

    async def _look_at_queue(self, now: int) -> None:
        if await self._depth():
            self._empty_since = None
        elif self._empty_since is None:
            self._empty_since = now

    def _due(self, now: int) -> list[Bucket]:
        """The buckets that miss outcomes and that nothing has changed for a grace, the oldest first."""
        since = now - self._grace
        return sorted(
            bucket
            for bucket, found in self._balances.items()
            if found.missing and max(row.changed_at for row in self._rows[bucket].values()) <= since
        )

    async def _recount(self, bucket: Bucket, now: int) -> None:
        before = self._balances[bucket]
        counted = await self._store.recount(bucket)
        row = LedgerRow(bucket, RECOUNT, now, outcomes=counted)
        missing = balance([*self._others(bucket), row]).missing
        unexplained = missing if self._is_overdue(bucket, now) else min(missing, before.unexplained)
        row = LedgerRow(bucket, RECOUNT, now, outcomes=counted, unexplained=unexplained)
        await self._store.put_many([row])
        self._enter(row)
        if unexplained > before.unexplained:
            _log.error(
                "records_unexplained",
                tenant=bucket.tenant,
                operation=bucket.operation,
                minute=bucket.minute,
                records=unexplained,
            )

    def _others(self, bucket: Bucket) -> list[LedgerRow]:
        return [row for writer, row in self._rows[bucket].items() if writer != RECOUNT]

    def _is_overdue(self, bucket: Bucket, now: int) -> bool:
        """Whether what the bucket misses can no longer be on its way."""
        if self._empty_since is not None and now - self._empty_since >= self._grace:
            return True
        return now - bucket.minute - MINUTE >= self._limits.alarm * 1000

    @property
    def _grace(self) -> int:
        return int(self._limits.grace * 1000)
