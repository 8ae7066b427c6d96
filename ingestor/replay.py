"""Takes replay jobs that are due, each by a lease, and runs them beside the ingestion."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog
from prometheus_client import CollectorRegistry, Counter

from domain.clock import Clock
from domain.errors import TransientError
from domain.replay.entities import ReplayLine
from domain.replay.ports import JobStore
from domain.replay.run import JobRunner
from storage.leases import LeaseRepository

_log = structlog.get_logger(__name__)

_LOOK_SECONDS = 0.5
_AT_ONCE = 4
"""Jobs that one process runs at a time."""
_SEEN_AT_ONCE = 50
"""Jobs that are looked at for one that is free."""
_AFTER_FAILURE = 5.0
"""Seconds that a job which fails by a bug of ours is left alone."""


@dataclass(frozen=True, slots=True)
class LeaseTimes:
    """How long a job is held, in seconds."""

    lasts: float = 5.0
    """After which another process goes on with a job whose own was killed."""
    renewed: float = 1.5
    margin: float = 0.5
    """Before its end in which it counts as lost: clocks differ."""


class ReplayMetrics:
    """What the replays of this process came to."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Registers them in `registry`."""
        self._letters = Counter(
            "portico_replay_letters",
            "Dead letters that replay jobs tried or refused, by what became of them.",
            ["outcome"],
            registry=registry,
        )
        for outcome in ("stored", "failed", "refused"):
            self._letters.labels(outcome)

    def count(self, lines: Sequence[ReplayLine]) -> None:
        """Add the lines of a part; what is stale or unchanged counts as stored."""
        for line in lines:
            outcome = "refused" if line.trial is None else "failed" if line.fault else "stored"
            self._letters.labels(outcome).inc()


class LeasedHold:
    """The hold of a job by a lease (domain.replay.ports.Hold)."""

    def __init__(self, clock: Clock, stopping: asyncio.Event) -> None:
        """Not held yet."""
        self._clock = clock
        self._stopping = stopping
        self.until = 0

    @property
    def is_held(self) -> bool:
        """Whether nobody else can have it."""
        return self._clock() < self.until

    @property
    def goes_on(self) -> bool:
        """Whether it is held, and the process has not been asked to end."""
        return self.is_held and not self._stopping.is_set()


class ReplayLoop:
    """Runs replay jobs until it is stopped; each job is run by one process at a time."""

    def __init__(
        self,
        jobs: JobStore,
        leases: LeaseRepository,
        runner: JobRunner,
        clock: Clock,
        times: LeaseTimes | None = None,
    ) -> None:
        """`runner` runs what this loop holds."""
        self._jobs = jobs
        self._leases = leases
        self._runner = runner
        self._clock = clock
        self._times = times or LeaseTimes()
        self._owner = secrets.token_hex(8)
        self._stopping = asyncio.Event()
        self._running: dict[str, asyncio.Task[None]] = {}

    def stop(self) -> None:
        """Begin no further part."""
        self._stopping.set()

    async def run(self) -> None:
        """Take and run jobs until `stop`; the parts in hand are finished then."""
        away = False
        try:
            while not self._stopping.is_set():
                try:
                    await self._take_due()
                    away = False
                except TransientError as error:
                    if not away:
                        _log.warning("replay_waits", error=str(error))
                    away = True
                except Exception:  # a bug of ours in here must not end the ingestor, nor go unseen
                    _log.exception("replay_loop_failed")
                await self._pause(_LOOK_SECONDS)
            if self._running:
                await asyncio.wait(self._running.values())
        finally:
            for task in self._running.values():
                task.cancel()

    async def _take_due(self) -> None:
        for job in await self._jobs.due(self._clock(), _SEEN_AT_ONCE):
            if len(self._running) >= _AT_ONCE:
                return
            if job.id not in self._running:
                hold = LeasedHold(self._clock, self._stopping)
                if await self._renew(job.id, hold):
                    task = asyncio.create_task(self._run(job.id, hold))
                    self._running[job.id] = task
                    task.add_done_callback(lambda _, id=job.id: self._running.pop(id))  # type: ignore[misc]

    async def _run(self, id: str, hold: LeasedHold) -> None:
        async with self._renewing(id, hold):
            try:
                await self._runner.run(id, hold)
            except Exception:  # it is tried again; the process and its other jobs go on
                _log.exception("replay_failed", job=id)
                await self._pause(_AFTER_FAILURE)

    @asynccontextmanager
    async def _renewing(self, id: str, hold: LeasedHold) -> AsyncIterator[None]:
        task = asyncio.create_task(self._keep_renewing(id, hold))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])
            with contextlib.suppress(TransientError):
                await self._leases.give_up(_lease(id), self._owner)

    async def _keep_renewing(self, id: str, hold: LeasedHold) -> None:
        while True:
            await asyncio.sleep(self._times.renewed)
            with contextlib.suppress(TransientError):
                if not await self._renew(id, hold):
                    hold.until = 0

    async def _renew(self, id: str, hold: LeasedHold) -> bool:
        now = self._clock()
        until = now + int(self._times.lasts * 1000)
        held = await self._leases.hold(_lease(id), self._owner, now=now, until=until)
        if held:
            hold.until = until - int(self._times.margin * 1000)
        return held

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)


def _lease(job_id: str) -> str:
    return f"replay/{job_id}"
