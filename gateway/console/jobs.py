"""The pages about replay jobs: starting one, the list of them, and each while it runs."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from aiohttp import web

from contracts.admin.job_views import outcomes_view
from domain.clock import to_millis
from domain.dead_letters.errors import RepairError
from domain.reading import Cursor
from domain.replay.entities import JobState, ReplayJob, ReplayOptions
from domain.replay.errors import JobStateError
from gateway.console.render import POLICY, led_to
from gateway.console.results import meant
from gateway.console.visit import Admit, Visit, status_of
from gateway.operators import READ, REPLAY

_PAGE = 50
_LINES = 100
"""Letters that a page of a job's results names, in whole parts."""
_ASKED = ("rate", "ramp", "at", "breaker")


class JobPages:
    """What an operator does with replay jobs; an ingestor runs them."""

    def routes(self, admit: Admit) -> list[web.RouteDef]:
        """The pages (PageGroup)."""
        one = "/console/jobs/{id}"
        return [
            web.get("/console/replay", admit(REPLAY, self.ask)),
            web.post("/console/replay", admit(REPLAY, self.start)),
            web.get("/console/jobs", admit(READ, self.listing)),
            web.get(one, admit(READ, self.job)),
            web.get(f"{one}/figures", admit(READ, self.figures)),
            web.post(f"{one}/{{action:pause|resume|cancel}}", admit(REPLAY, self.change)),
        ]

    async def ask(self, visit: Visit) -> web.Response:
        """The page that asks how to replay."""
        return visit.page("replay.html", meant=await meant(visit), words="", given=dict.fromkeys(_ASKED, ""))

    async def start(self, visit: Visit) -> web.StreamResponse:
        """Start a replay of the letters that are meant now."""
        found = await meant(visit)
        try:
            job = await visit.desk.jobs.start(found.selection, _options(visit))
        except RepairError as error:
            given = {name: visit.field(name) for name in _ASKED}
            words = f"{error}."
            return visit.page("replay.html", status=status_of(error), meant=found, words=words, given=given)
        return led_to(_place(job.id))

    async def listing(self, visit: Visit) -> web.Response:
        """Jobs, newest first, a page at a time."""
        after = None
        if last := visit.request.query.get("after"):
            job = await visit.desk.jobs.get(last)
            after = Cursor(job.created_at, job.id)
        found = await visit.desk.jobs.page(after=after, limit=_PAGE + 1)
        shown = found[:_PAGE]
        more = quote(shown[-1].id, safe="") if len(found) > _PAGE else ""
        return visit.page("jobs.html", jobs=shown, more=more, is_first=after is None)

    async def job(self, visit: Visit) -> web.Response:
        """One job, and what became of its letters."""
        return await _job(visit, await visit.desk.jobs.get(visit.request.match_info["id"]))

    async def figures(self, visit: Visit) -> web.Response:
        """How far a job is, as JSON, for the script of its page."""
        job = await visit.desk.jobs.get(visit.request.match_info["id"])
        return web.json_response(_figures(job), headers=POLICY)

    async def change(self, visit: Visit) -> web.StreamResponse:
        """Pause, resume or cancel a job."""
        id, jobs = visit.request.match_info["id"], visit.desk.jobs
        act = {"pause": jobs.pause, "resume": jobs.resume, "cancel": jobs.cancel}
        try:
            await act[visit.request.match_info["action"]](id)
        except JobStateError as error:
            return await _job(visit, error.job, status=status_of(error), words=f"{error}.")
        return led_to(_place(id))


async def _job(visit: Visit, job: ReplayJob, *, status: int = 200, words: str = "") -> web.Response:
    before = _part(visit)
    parts = await visit.desk.jobs.lines(job.id, after=before, limit=max(1, _LINES // job.options.part_size))
    last = parts[-1].number if parts else before
    return visit.page(
        "job.html",
        status=status,
        words=words,
        job=job,
        figures=_figures(job),
        lines=[line for part in parts for line in part.lines],
        before=before,
        more=last if last < job.progress.parts else 0,
        may_pause=job.state in (JobState.SCHEDULED, JobState.RUNNING),
        may_resume=job.state in (JobState.PAUSED, JobState.STOPPED),
    )


def _figures(job: ReplayJob) -> dict[str, Any]:
    progress = job.progress
    did = outcomes_view(progress.outcomes)
    return {
        "state": job.state.value,
        "letters": progress.letters,
        "total": job.total,
        "tried": progress.tried,
        "failed": progress.failed,
        "refused": progress.refused,
        "outcomes": ", ".join(f"{word} {count}" for word, count in did.items()) or "nothing yet",
        "waiting": job.waiting,
    }


def _options(visit: Visit) -> ReplayOptions:
    """How the form says that the job is to run. Raises RepairError."""
    breaker = _number(visit, "breaker")
    return ReplayOptions(
        rate=_number(visit, "rate"),
        ramp=_number(visit, "ramp") or 0.0,
        start_at=_moment(visit.field("at")),
        breaker=None if breaker is None else breaker / 100,
    )


def _number(visit: Visit, name: str) -> float | None:
    text = visit.field(name)
    try:
        return float(text) if text else None
    except ValueError as error:
        raise RepairError(f"the {name} is no number") from error


def _moment(text: str) -> int | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return to_millis(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError) as error:
        raise RepairError("the time to start at is no time, such as 2026-03-25T22:00") from error


def _part(visit: Visit) -> int:
    text = visit.request.query.get("after", "0")
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise RepairError("after is no number of a part")
    return int(text)


def _place(id: str) -> str:
    return f"/console/jobs/{quote(id, safe='')}"
