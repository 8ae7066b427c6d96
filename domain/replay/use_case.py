"""What an operator does with replay jobs, for every way in."""

import secrets
from collections.abc import Callable
from dataclasses import replace

from domain.dead_letters.entities import Selection
from domain.dead_letters.ports import KeptLetterStore
from domain.dead_letters.trail import Trail
from domain.ingestion_id import base32
from domain.reading import Cursor
from domain.replay.entities import JobState, PartLines, ReplayJob, ReplayOptions
from domain.replay.errors import JobStateError, NoSuchJobError
from domain.replay.ports import JobStore

_FROZEN_AT_ONCE = 1_000
"""Letters of a selection that are read at a time."""
_RANDOM_BITS = 80


class ReplayJobs:
    """The replay jobs of one operator; an ingestor runs them."""

    def __init__(
        self, jobs: JobStore, letters: KeptLetterStore, trail: Trail, tenant: str | None = None
    ) -> None:
        """`trail` is the operator's; with `tenant` there are no jobs and letters of others."""
        self._jobs = jobs
        self._letters = letters
        self._trail = trail
        self._tenant = tenant

    async def start(self, selection: Selection, options: ReplayOptions | None = None) -> ReplayJob:
        """A new job over the letters that `selection` holds now; one over no letter is done at once.

        Which letters, and how each stands, is frozen: one that somebody changes before its turn is
        refused, one that comes in later is not meant. Raises RepairError.
        """
        options = options or ReplayOptions()
        now = self._trail.now()
        options.require_sound(now)
        id = f"job_{base32((now << _RANDOM_BITS) | secrets.randbits(_RANDOM_BITS), 128)}"
        total, parts = await self._freeze(id, selection, now, options.part_size)
        job = ReplayJob(
            id=id,
            actor=self._trail.actor,
            tenant=self._tenant or selection.tenant,
            selection=selection.words(),
            options=options,
            total=total,
            parts=parts,
            created_at=now,
            due_at=options.start_at or now,
        )
        if not total:
            job = replace(job, state=JobState.DONE, finished_at=now)
        await self._trail.note_job(job.id, "start", job.tenant, job.selection, f"{total} letters")
        await self._jobs.put(job)
        return job

    async def get(self, id: str) -> ReplayJob:
        """The job `id`. Raises NoSuchJobError."""
        found = await self._jobs.get(id)
        if found is None or self._tenant not in (None, found.tenant):
            raise NoSuchJobError(id)
        return found

    async def page(self, *, after: Cursor | None, limit: int) -> list[ReplayJob]:
        """At most `limit` jobs after `after`, by creation and id, newest first."""
        return await self._jobs.page(self._tenant, after=after, limit=limit)

    async def lines(self, id: str, *, after: int = 0, limit: int = 20) -> list[PartLines]:
        """What became of the letters of the parts behind number `after`, of `limit` parts at most.

        Fewer where the job is not that far. Raises NoSuchJobError.
        """
        job = await self.get(id)
        last = min(job.progress.parts, after + limit)
        return await self._jobs.lines(id, range(after + 1, last + 1))

    async def pause(self, id: str) -> ReplayJob:
        """Hold a job; what it has in hand is finished first. Raises NoSuchJobError and JobStateError."""
        begun = (JobState.SCHEDULED, JobState.RUNNING)
        return await self._change(id, "pause", begun, lambda job: replace(job, state=JobState.PAUSED))

    async def resume(self, id: str) -> ReplayJob:
        """Let a job go on that is paused or that its breaker stopped.

        The breaker then looks at what comes alone. Raises NoSuchJobError and JobStateError.
        """
        return await self._change(id, "resume", (JobState.PAUSED, JobState.STOPPED), _resumed)

    async def cancel(self, id: str) -> ReplayJob:
        """End a job for good; what it did stays. Raises NoSuchJobError and JobStateError."""

        def cancelled(job: ReplayJob) -> ReplayJob:
            return replace(job, state=JobState.CANCELLED, finished_at=self._trail.now(), waiting="")

        states = tuple(state for state in JobState if not state.is_over)
        return await self._change(id, "cancel", states, cancelled)

    async def _freeze(self, id: str, selection: Selection, now: int, size: int) -> tuple[int, int]:
        """Keep what is selected now, in parts of `size`; how many letters and parts it is."""
        frozen = selection.frozen(now)
        total = parts = 0
        at_once = _FROZEN_AT_ONCE // size * size
        after: Cursor | None = None
        while page := await self._letters.references(frozen, after=after, limit=at_once):
            cut = [page[start : start + size] for start in range(0, len(page), size)]
            await self._jobs.put_parts(id, parts + 1, cut)
            total, parts = total + len(page), parts + len(cut)
            after = Cursor(page[-1].first_seen, page[-1].id)
        return total, parts

    async def _change(
        self, id: str, action: str, states: tuple[JobState, ...], change: Callable[[ReplayJob], ReplayJob]
    ) -> ReplayJob:
        job = await self.get(id)
        noted = False
        while job.state in states:
            if not noted:
                await self._trail.note_job(id, action, job.tenant, {}, f"it was {job.state}")
                noted = True
            if changed := await self._jobs.change(job, change(job)):
                return changed
            job = await self.get(id)  # whoever runs it was faster
        raise JobStateError(job)


def _resumed(job: ReplayJob) -> ReplayJob:
    return replace(
        job,
        state=JobState.SCHEDULED if job.started_at is None else JobState.RUNNING,
        finished_at=None,
        spared=(job.progress.tried, job.progress.failed),
    )
