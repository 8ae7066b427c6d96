"""Removes dead letters and replay jobs that are past their time; of all ingestors, one at a time does."""

import asyncio
import contextlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

import structlog
from prometheus_client import CollectorRegistry, Counter

from domain.clock import Clock
from domain.dead_letters.entities import State
from domain.errors import TransientError
from domain.reading import Cursor
from storage.leases import LeaseRepository
from storage.retention import RetentionRepository

_log = structlog.get_logger(__name__)

_LEASE = "retention"
_LEASE_SECONDS = 180.0
_LOOK_SECONDS = 30.0
_REST_SECONDS = 0.05
"""Between two steps, for others who use the store."""
_HOUR, _DAY = 3_600_000, 86_400_000
_CLOSED = (State.RESOLVED, State.DISCARDED)


@dataclass(frozen=True, slots=True)
class RetentionLimits:
    """How long dead letters are kept after their last change, in days; 0 is for ever."""

    closed: int
    """Those that are resolved or discarded, and replay jobs that are over."""
    open: int
    """Those that nobody has dealt with."""


class Retention:
    """Looks once an hour, in the process that holds the lease, until it is stopped."""

    def __init__(
        self,
        store: RetentionRepository,
        leases: LeaseRepository,
        registry: CollectorRegistry,
        clock: Clock,
        limits: RetentionLimits,
    ) -> None:
        """Counts in `registry` what it removed."""
        self._store = store
        self._leases = leases
        self._clock = clock
        self._limits = limits
        self._removed = Counter(
            "portico_retention_removed",
            "Dead letters and replay jobs removed because their time was over.",
            ["kind"],
            registry=registry,
        )
        for kind in ("dead_letter", "replay_job"):
            self._removed.labels(kind)
        self._owner = secrets.token_hex(8)
        self._looked_at = 0
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Begin no further step."""
        self._stopping.set()

    async def run(self) -> None:
        """Remove what is past its time until `stop`."""
        while not self._stopping.is_set():
            try:
                await self._look()
            except TransientError as error:
                _log.warning("retention_waits", error=str(error))
            except Exception:  # a bug of ours in here must not end the ingestor, nor go unseen
                _log.exception("retention_failed")
            await self._pause(_LOOK_SECONDS)
        with contextlib.suppress(TransientError):
            await self._leases.give_up(_LEASE, self._owner)

    async def _look(self) -> None:
        now = self._clock()
        if await self._is_held() and now - self._looked_at >= _HOUR:
            await self.remove(now)
            self._looked_at = now

    async def remove(self, now: int) -> None:
        """Remove all that is past its time at `now`; less where it is stopped or loses its lease."""
        if self._limits.closed:
            before = now - self._limits.closed * _DAY
            await self._remove_letters(_CLOSED, before)
            jobs = await self._store.forget_jobs(before)
            self._removed.labels("replay_job").inc(jobs)
        if self._limits.open:
            await self._remove_letters([State.OPEN], now - self._limits.open * _DAY)

    async def _remove_letters(self, states: Iterable[State], before: int) -> None:
        for state in states:
            removed, after, goes_on = 0, None, True
            while goes_on and await self._is_held():
                removed_now, after = await self._step(state, before, after)
                removed += removed_now
                goes_on = after is not None and not await self._pause(_REST_SECONDS)
            if removed:
                _log.info("dead_letters_removed", state=state.value, count=removed)

    async def _step(self, state: State, before: int, after: Cursor | None) -> tuple[int, Cursor | None]:
        step = await self._store.forget_letters(state, before, after)
        self._removed.labels("dead_letter").inc(step.removed)
        return step.removed, step.after

    async def _is_held(self) -> bool:
        now = self._clock()
        until = now + int(_LEASE_SECONDS * 1000)
        return await self._leases.hold(_LEASE, self._owner, now=now, until=until)

    async def _pause(self, seconds: float) -> bool:
        """Whether it was stopped meanwhile."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)
        return self._stopping.is_set()
