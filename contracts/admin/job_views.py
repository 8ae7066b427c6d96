"""Replay jobs as every way in shows them in JSON."""

from collections.abc import Mapping
from typing import Any

from contracts.admin.views import DID, time_of
from domain.records import Outcome
from domain.replay.entities import PartLines, ReplayJob, ReplayLine


def job_view(job: ReplayJob) -> dict[str, Any]:
    """A job without its lines."""
    options, progress = job.options, job.progress
    return {
        "id": job.id,
        "actor": job.actor,
        "tenant": job.tenant,
        "selection": dict(job.selection),
        "state": job.state.value,
        "waiting": job.waiting,
        "rate": options.rate,
        "ramp": options.ramp,
        "breaker": options.breaker,
        "total": job.total,
        "letters": progress.letters,
        "failed": progress.failed,
        "refused": progress.refused,
        "parts": job.parts,
        "partsDone": progress.parts,
        "outcomes": outcomes_view(progress.outcomes),
        "createdAt": time_of(job.created_at),
        "dueAt": time_of(job.due_at),
        "startedAt": _time(job.started_at),
        "finishedAt": _time(job.finished_at),
    }


def line_view(line: ReplayLine) -> dict[str, Any]:
    """What became of a letter of a job, in the form of `done_view`."""
    state = None if line.state is None else line.state.value
    view: dict[str, Any] = {"id": line.letter_id, "state": state, "refused": line.refused}
    if line.trial is None:
        return view
    fault = line.fault
    view["outcomes"] = outcomes_view(line.trial.outcomes)
    view["fault"] = fault and {"code": fault.code, "message": fault.message, "pointer": fault.pointer}
    return view


def part_view(part: PartLines) -> dict[str, Any]:
    """The lines of a part of a job."""
    return {"number": part.number, "lines": [line_view(line) for line in part.lines]}


def outcomes_view(outcomes: Mapping[Outcome, int]) -> dict[str, int]:
    """Counts of records, as the words for them."""
    return {DID[outcome]: count for outcome, count in outcomes.items()}


def _time(millis: int | None) -> str | None:
    return None if millis is None else time_of(millis)
