"""Replay jobs in a test's own process."""

from dataclasses import dataclass
from typing import Any

from contracts.dead_letters import LetterReader
from contracts.registry import OPERATIONS
from domain.clock import system_clock
from domain.dead_letters.entities import Selection
from domain.dead_letters.trail import Trail
from domain.dead_letters.use_case import Means
from domain.preview import PreviewRecords
from domain.replay.entities import ReplayJob, ReplayLine
from domain.replay.part import PartReplay
from domain.replay.run import JobRunner
from domain.replay.use_case import ReplayJobs
from domain.resolve import MatchPolicy
from storage.store import Store


@dataclass
class Held:
    """A hold that a test ends."""

    is_held: bool = True
    goes_on: bool = True


def jobs_of(store: Store, actor: str = "ana") -> ReplayJobs:
    """The jobs of an operator."""
    return ReplayJobs(store.replay_jobs, store.kept_letters, Trail(store.audit, system_clock, actor))


def means_of(store: Store, apply: Any) -> Means:
    """What tries letters, and applies by `apply`."""
    preview = PreviewRecords(store.records, store.identities, system_clock, MatchPolicy())
    return Means(LetterReader(OPERATIONS), preview, apply)


def runner_of(store: Store, apply: Any, **timing: Any) -> JobRunner:
    """What runs jobs, and applies by `apply`."""
    replay = PartReplay(store.kept_letters, store.audit, means_of(store, apply), system_clock)
    return JobRunner(store.replay_jobs, replay, timing.pop("clock", system_clock), **timing)


async def replayed(store: Store, apply: Any, selection: Selection) -> dict[str, str]:
    """What a job over `selection`, run to its end, says of each letter."""
    jobs = jobs_of(store)
    job = await jobs.start(selection)
    await runner_of(store, apply).run(job.id, Held())
    return await said_of(jobs, job)


async def said_of(jobs: ReplayJobs, job: ReplayJob) -> dict[str, str]:
    """What the lines of a job say of each letter."""
    return {line.letter_id: words(line) for line in await lines_of(jobs, job)}


async def lines_of(jobs: ReplayJobs, job: ReplayJob) -> list[ReplayLine]:
    """All lines of a job, so far."""
    return [line for part in await jobs.lines(job.id, limit=10_000) for line in part.lines]


def words(line: ReplayLine) -> str:
    """A line without its letter."""
    return line.refused or (line.trial.words() if line.trial else "")
