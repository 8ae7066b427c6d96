"""`portico dead-letters replay` and the commands about its jobs, which an ingestor runs."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Annotated, Any

import typer

from cli.counter import Desk
from cli.dead_letter_flags import (
    MOMENTS,
    Actor,
    Json,
    millis_of,
    require_narrow,
    selected,
)
from cli.dead_letter_views import print_json, print_table
from cli.replay_views import Bar, job_rows, job_words, line_text
from cli.where import Where, placed
from contracts.admin.job_views import job_view, line_view
from contracts.admin.views import time_of
from domain.dead_letters.entities import Selection
from domain.reading import Cursor
from domain.replay.entities import JobState, ReplayJob, ReplayLine, ReplayOptions

JobId = Annotated[str, typer.Argument(help="The replay job's id.")]

_AtDesk = Callable[[Callable[[Desk], Awaitable[ReplayJob]]], ReplayJob]

_LOOK_SECONDS = 0.2
_PATIENCE = 10.0
"""Seconds until it says that no ingestor takes the job."""
_PARTS_AT_ONCE = 50
_INTERRUPTED = 130


@placed
@selected
def replay(  # noqa: PLR0913, PLR0917 - each is a flag
    selection: Selection,
    where: Where,
    rate: Annotated[float | None, typer.Option(help="Letters a second, at most.")] = None,
    ramp: Annotated[float, typer.Option(help="Seconds in which the rate rises from a tenth of it.")] = 0.0,
    at: Annotated[datetime | None, typer.Option(help="When to begin, in UTC.", formats=MOMENTS)] = None,
    breaker: Annotated[
        float | None, typer.Option(help="Stop where more than this share, 0 to 1, fails again.")
    ] = None,
    detach: Annotated[bool, typer.Option("--detach", help="Print the job, and do not wait for it.")] = False,
    as_json: Json = False,
    actor: Actor = None,
) -> None:
    """Try letters again, as a job that the ingestor runs. What is stored and newer stays.

    Which letters is decided now. Waits for the job, unless it is told when to begin or not to wait. Exits 1
    where something failed again or was refused, or the job was stopped or cancelled.
    """
    require_narrow(selection)
    options = ReplayOptions(rate, ramp, None if at is None else millis_of(at), breaker)
    act: _AtDesk = partial(where.act, actor)
    if detach or at is not None:
        _print_job(act(lambda desk: desk.jobs.start(selection, options)), as_json=as_json)
        return
    if not _waited_for(act, lambda desk: desk.jobs.start(selection, options), as_json=as_json):
        raise typer.Exit(1)


@placed
def jobs(
    where: Where,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="How many at most.")] = 20,
    after: Annotated[str | None, typer.Option(help="Id of the last job of the page before.")] = None,
    as_json: Json = False,
) -> None:
    """List replay jobs, newest first, in pages."""

    async def use(desk: Desk) -> list[ReplayJob]:
        last = None if after is None else await desk.jobs.get(after)
        cursor = None if last is None else Cursor(last.created_at, last.id)
        return await desk.jobs.page(after=cursor, limit=limit)

    found = where.look(use)
    if as_json:
        print_json([job_view(job) for job in found])
        return
    print_table(
        ("id", "who", "state", "letters", "failed", "refused", "created"),
        [
            (
                job.id,
                job.actor,
                job.state.value,
                f"{job.progress.letters}/{job.total}",
                str(job.progress.failed),
                str(job.progress.refused),
                time_of(job.created_at),
            )
            for job in found
        ],
    )
    if len(found) == limit:
        typer.echo(f"There may be more: --after {found[-1].id}", err=True)


@placed
def job(id: JobId, where: Where, as_json: Json = False) -> None:
    """Show one replay job: how far it is, and what became of each letter."""
    views: list[dict[str, Any]] = []

    async def use(desk: Desk) -> ReplayJob:
        found = await desk.jobs.get(id)
        if not as_json:
            print_table(("", ""), job_rows(found))
        seen = 0
        while parts := await desk.jobs.lines(id, after=seen, limit=_PARTS_AT_ONCE):
            for line in (line for part in parts for line in part.lines):
                if as_json:
                    views.append(line_view(line))
                else:
                    typer.echo(line_text(line))
            seen = parts[-1].number
        return found

    found = where.look(use)
    if as_json:
        print_json({**job_view(found), "lines": views})


@placed
def pause(id: JobId, where: Where, as_json: Json = False, actor: Actor = None) -> None:
    """Hold a replay job; the part that it has in hand is finished first."""
    _print_job(where.act(actor, lambda desk: desk.jobs.pause(id)), as_json=as_json)


@placed
def resume(id: JobId, where: Where, as_json: Json = False, actor: Actor = None) -> None:
    """Let a replay job go on that is paused, or that its breaker stopped."""
    _print_job(where.act(actor, lambda desk: desk.jobs.resume(id)), as_json=as_json)


@placed
def cancel(id: JobId, where: Where, as_json: Json = False, actor: Actor = None) -> None:
    """End a replay job for good. What it did stays; the other letters are left as they are."""
    _print_job(where.act(actor, lambda desk: desk.jobs.cancel(id)), as_json=as_json)


def register(app: typer.Typer) -> None:
    """Make these the commands of `app`."""
    for command in (replay, jobs, job, pause, resume, cancel):
        app.command()(command)


def _print_job(job: ReplayJob, *, as_json: bool) -> None:
    if as_json:
        print_json(job_view(job))
    else:
        typer.echo(f"{job.id}\t{job_words(job)}")


def _waited_for(at_desk: _AtDesk, start: Callable[[Desk], Awaitable[ReplayJob]], *, as_json: bool) -> bool:
    """Whether the job that `start` starts went well; one line a letter, as soon as its part is done."""
    views: list[dict[str, Any]] = []
    started: list[str] = []

    def say(line: ReplayLine) -> None:
        if as_json:
            views.append(line_view(line))
        else:
            typer.echo(line_text(line))

    async def use(desk: Desk) -> ReplayJob:
        job = await start(desk)
        started.append(job.id)
        typer.echo(f"{job.id}: {job.total} letter{'s' if job.total != 1 else ''}", err=True)
        return await _follow(desk, job, say)

    try:
        job = at_desk(use)
    except KeyboardInterrupt as error:
        for id in started:
            typer.echo(f"the replay goes on: portico dead-letters job {id}", err=True)
        raise typer.Exit(_INTERRUPTED) from error
    if as_json:
        print_json(views)
    if job.state is not JobState.DONE:
        typer.echo(f"{job.id} {job_words(job)}", err=True)
    return job.went_well


async def _follow(desk: Desk, job: ReplayJob, say: Callable[[ReplayLine], None]) -> ReplayJob:
    """The job once it is over or its breaker stopped it, all lines said."""
    seen, said, begun = 0, "", time.monotonic()
    with Bar(job) as bar:
        while True:
            parts = await desk.jobs.lines(job.id, after=seen, limit=_PARTS_AT_ONCE)
            for line in (line for part in parts for line in part.lines):
                say(line)
            if parts:
                seen = parts[-1].number
            job = await desk.jobs.get(job.id)
            bar.show(job)
            if seen < job.progress.parts:
                continue
            if job.state.is_over or job.state is JobState.STOPPED:
                return job
            words = _trouble(job, time.monotonic() - begun)
            if words and words != said:
                typer.echo(f"{job.id} {words}", err=True)
            said = words
            await asyncio.sleep(_LOOK_SECONDS)


def _trouble(job: ReplayJob, waited: float) -> str:
    """Why nothing happens, in words; empty where something does."""
    if job.state is JobState.PAUSED:
        return f"is paused: portico dead-letters resume {job.id}"
    if job.state is JobState.SCHEDULED and waited > _PATIENCE:
        return "waits for an ingestor: is one running?"
    return f"waits: {job.waiting}" if job.waiting else ""
