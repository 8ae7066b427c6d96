"""Running a replay job, part after part, from wherever it stands."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from domain.breaker import too_many
from domain.clock import Clock
from domain.errors import TransientError
from domain.replay.entities import JobState, PartLines, ReplayJob, ReplayLine
from domain.replay.pace import Pace
from domain.replay.part import PartReplay
from domain.replay.ports import Hold, JobStore

_LOOKED_AT_FROM = 20
"""Letters tried before the breaker looks."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 10.0
"""Seconds between two tries of a part while the store is away."""
_NAP = 0.5
"""Seconds after which a wait looks whether it is to go on."""

Noted = Callable[[Sequence[ReplayLine]], None]
Sleep = Callable[[float], Awaitable[None]]


class JobRunner:
    """Runs jobs for a process that holds them."""

    def __init__(
        self,
        jobs: JobStore,
        replay: PartReplay,
        clock: Clock,
        noted: Noted = lambda lines: None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """`noted` is told the lines of each part that was done."""
        self._jobs = jobs
        self._replay = replay
        self._clock = clock
        self._noted = noted
        self._sleep = sleep

    async def run(self, id: str, hold: Hold) -> None:
        """Go on with the job `id` until it is over, held, or not ours any more.

        While the store is away it waits, and says so where it can.
        """
        pause, pace = _FIRST_PAUSE, None
        while hold.goes_on:
            try:
                job = await self._taken(id)
                if job is None:
                    return
                pace = pace or Pace(job.options, self._clock())
                await self._next_part(job, pace, hold)
                pause = _FIRST_PAUSE
            except TransientError as error:
                with suppress(TransientError):
                    await self._say_waiting(id, str(error))
                await self._wait(pause, hold)
                pause = min(pause * 2, _LONGEST_PAUSE)

    async def _taken(self, id: str) -> ReplayJob | None:
        """The job as it is now, running; None where it is not to go on."""
        job = await self._jobs.get(id)
        if job is None or job.state not in (JobState.SCHEDULED, JobState.RUNNING):
            return None
        if job.state is JobState.RUNNING:
            return job
        begun = replace(job, state=JobState.RUNNING, started_at=self._clock())
        return await self._jobs.change(job, begun) or await self._taken(id)

    async def _next_part(self, job: ReplayJob, pace: Pace, hold: Hold) -> None:
        number = job.progress.parts + 1
        kept = await self._jobs.lines(job.id, [number])  # by a process that ended before it said so
        if not kept:
            references = await self._jobs.part(job.id, number)
            pause = pace.wait(len(references), self._clock())
            if pause:
                await self._wait(pause, hold)
                if not hold.goes_on or await self._taken(job.id) is None:
                    return
            lines = await self._replay(job, references)
            if not hold.is_held:
                return
            kept = [await self._jobs.keep_lines(job.id, PartLines(number, tuple(lines)))]
            self._noted(kept[0].lines)
        await self._advance(job, kept[0])

    async def _advance(self, job: ReplayJob, part: PartLines) -> None:
        """Enter a part that is done, whatever an operator did with the job meanwhile."""
        found: ReplayJob | None = job
        while found is not None and found.progress.parts == part.number - 1:
            if await self._jobs.change(found, self._advanced(found, part)):
                return
            found = await self._jobs.get(job.id)

    def _advanced(self, job: ReplayJob, part: PartLines) -> ReplayJob:
        job = replace(job, progress=job.progress.with_part(part), waiting="")
        if job.state.is_over:
            return job
        if part.number == job.parts:
            return replace(job, state=JobState.DONE, finished_at=self._clock())
        if job.state is JobState.RUNNING and _breaks(job):
            return replace(job, state=JobState.STOPPED, finished_at=self._clock())
        return job

    async def _say_waiting(self, id: str, words: str) -> None:
        job = await self._jobs.get(id)
        if job is not None and job.state is JobState.RUNNING and job.waiting != words:
            await self._jobs.change(job, replace(job, waiting=words))

    async def _wait(self, seconds: float, hold: Hold) -> None:
        while seconds > 0 and hold.goes_on:
            await self._sleep(min(seconds, _NAP))
            seconds -= _NAP


def _breaks(job: ReplayJob) -> bool:
    """Whether too many failed since it was last let go on."""
    tried, failed = job.progress.tried - job.spared[0], job.progress.failed - job.spared[1]
    share = job.options.breaker
    return share is not None and too_many(failed, tried, share=share, least=_LOOKED_AT_FROM)
