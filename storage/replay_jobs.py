"""Replay jobs, the parts of their selections, and the lines about their letters."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from domain.dead_letters.entities import Reference, State, Trial
from domain.dead_letters.places import without_values
from domain.reading import Cursor
from domain.records import Fault, Outcome
from domain.replay.entities import JobState, PartLines, Progress, ReplayJob, ReplayLine, ReplayOptions
from storage.dead_letters import scrubbed
from storage.driver import Database, Document
from storage.pages import Listing, Pager

REPLAY_JOBS = "replay_jobs"
REPLAY_PARTS = "replay_parts"
REPLAY_LINES = "replay_lines"


class ReplayJobRepository:
    """Replay jobs (domain.replay.ports.JobStore)."""

    def __init__(self, database: Database) -> None:
        """Keeps jobs in `replay_jobs` of `database`, and what they are over and what became of it in one
        document a part, in `replay_parts` and `replay_lines`."""
        self._jobs = database.collection(REPLAY_JOBS)
        self._parts = database.collection(REPLAY_PARTS)
        self._lines = database.collection(REPLAY_LINES)
        self._pager = Pager(self._jobs)

    async def put_parts(self, job_id: str, first: int, parts: Sequence[Sequence[Reference]]) -> None:
        """Keep parts of the selection of a job that is not kept yet, from the number `first` on."""
        await self._parts.insert_missing(
            [
                {
                    "_id": part_id_of(job_id, number),
                    "letters": [[one.id, one.revision, one.size, one.first_seen] for one in part],
                }
                for number, part in enumerate(parts, first)
            ]
        )

    async def put(self, job: ReplayJob) -> None:
        """Keep a new job, all of whose parts are kept."""
        await self._jobs.insert_missing([{"_id": job.id, **_fields(job)}])

    async def get(self, id: str) -> ReplayJob | None:
        """The job `id`, of whatever tenant."""
        found = await self._jobs.find_ids([id])
        return _job(found[0]) if found else None

    async def page(self, tenant: str | None, *, after: Cursor | None, limit: int) -> list[ReplayJob]:
        """At most `limit` jobs after `after`, by creation and id, newest first; None is any tenant."""
        listing = Listing({} if tenant is None else {"tenant": tenant}, "created_at", descending=True)
        return [_job(document) for document in await self._pager.read([listing], after=after, limit=limit)]

    async def due(self, now: int, limit: int) -> list[ReplayJob]:
        """At most `limit` jobs that are running or are to be begun by `now`."""
        running = await self._jobs.find({"state": JobState.RUNNING.value}, limit=limit)
        scheduled = {"state": JobState.SCHEDULED.value, "due_at": {"$lt": now + 1}}
        return [_job(one) for one in (running + await self._jobs.find(scheduled, limit=limit))[:limit]]

    async def change(self, before: ReplayJob, after: ReplayJob) -> ReplayJob | None:
        """`after`, one revision on; None, and nothing changed, where it has another than `before`."""
        fields = {**_fields(after), "revision": before.revision + 1}
        guard = {"_id": before.id, "revision": before.revision}
        changed = await self._jobs.update_one(guard, {"$set": fields})
        return _job({"_id": before.id, **fields}) if changed else None

    async def part(self, job_id: str, number: int) -> list[Reference]:
        """The letters of a part that is kept."""
        [found] = await self._parts.find_ids([part_id_of(job_id, number)])
        return [Reference(*one) for one in found["letters"]]

    async def keep_lines(self, job_id: str, part: PartLines) -> PartLines:
        """The lines of a part as they are kept: those that were kept first."""
        document = {
            "_id": part_id_of(job_id, part.number),
            "lines": [_line_fields(one) for one in part.lines],
        }
        if await self._lines.insert_missing([document]):
            [part] = await self.lines(job_id, [part.number])
        return part

    async def lines(self, job_id: str, numbers: Sequence[int]) -> list[PartLines]:
        """The lines of those parts that have them, in order."""
        ids = {part_id_of(job_id, number): number for number in numbers}
        found = {one["_id"]: one["lines"] for one in await self._lines.find_ids(ids)}
        return [PartLines(number, tuple(map(_line, found[id]))) for id, number in ids.items() if id in found]


def part_id_of(job_id: str, number: int) -> str:
    """The `_id` of a part of a job, and of its lines."""
    return f"{job_id}/{number:05d}"


def _fields(job: ReplayJob) -> Document:
    fields = asdict(job)
    del fields["id"]
    progress = {**fields["progress"], "outcomes": _counts(job.progress.outcomes)}
    return {
        **fields,
        "state": job.state.value,
        "selection": [list(pair) for pair in job.selection.items()],
        "progress": progress,
        "spared": list(job.spared),
    }


def _job(document: Document) -> ReplayJob:
    fields = {**document, "id": document["_id"]}
    del fields["_id"]
    progress = fields["progress"]
    return ReplayJob(
        **{
            **fields,
            "selection": dict(fields["selection"]),
            "options": ReplayOptions(**fields["options"]),
            "state": JobState(fields["state"]),
            "progress": Progress(**{**progress, "outcomes": _outcomes(progress["outcomes"])}),
            "spared": tuple(fields["spared"]),
        }
    )


def _counts(outcomes: Mapping[Outcome, int]) -> dict[str, int]:
    return {outcome.value: count for outcome, count in outcomes.items()}


def _outcomes(counts: Mapping[str, int]) -> dict[Outcome, int]:
    return {Outcome(name): count for name, count in counts.items()}


def _line_fields(line: ReplayLine) -> Document:
    document: Document = {"id": line.letter_id, "state": line.state and line.state.value}
    if line.refused:
        document["refused"] = line.refused
    if line.trial is not None:
        document["outcomes"] = _counts(line.trial.outcomes)
    if line.fault is not None:
        place = scrubbed(without_values(line.fault.pointer))
        document["fault"] = [line.fault.code, scrubbed(line.fault.message), place]
    return document


def _line(document: Document) -> ReplayLine:
    trial = None
    if "outcomes" in document:
        fault = document.get("fault")
        trial = Trial(_outcomes(document["outcomes"]), None if fault is None else Fault(*fault))
    state = document["state"]
    return ReplayLine(document["id"], state and State(state), document.get("refused", ""), trial)
