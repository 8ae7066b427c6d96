"""Deletes dead letters and replay jobs whose time is over. The audit stays."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from domain.dead_letters.entities import State
from domain.reading import Cursor
from domain.replay.entities import JobState
from storage.bulk import UpdateAll
from storage.dead_letters import DEAD_LETTERS, PARTS
from storage.driver import Collection, Database, Document
from storage.letter_marks import LetterMarks
from storage.letter_names import LETTER_NAMES
from storage.pages import Listing, Pager
from storage.replay_jobs import REPLAY_JOBS, REPLAY_LINES, REPLAY_PARTS, part_id_of
from storage.server import FEW_IDS

_LETTERS_A_STEP = 500
_OVER = tuple(state for state in JobState if state.is_over)


@dataclass(frozen=True, slots=True)
class Step:
    """What one step of a walk through the letters did."""

    removed: int
    after: Cursor | None
    """Where the next step begins; None where there is none left."""


class RetentionRepository:
    """What is too old, found by the indexes that are there and deleted in bounded steps.

    All of it may be cut short anywhere: what belongs to a letter or job goes before it does, so that it is
    found again.
    """

    def __init__(self, database: Database, marks: LetterMarks) -> None:
        """Deletes from what the other repositories keep in `database`."""
        self._letters = database.collection(DEAD_LETTERS)
        self._parts = database.collection(PARTS)
        self._names = database.collection(LETTER_NAMES)
        self._jobs = database.collection(REPLAY_JOBS)
        self._job_parts = database.collection(REPLAY_PARTS)
        self._job_lines = database.collection(REPLAY_LINES)
        self._pager = Pager(self._letters, marks.times)

    async def forget_letters(self, state: State, before: int, after: Cursor | None) -> Step:
        """Look at the next letters in `state` that were first seen before `before`, and delete those that
        nothing has changed since then.

        From the newest back: a server that sorts what it finds is asked for small windows of time.
        """
        old = Listing({"state": state.value}, "first_seen", until=before - 1, descending=True)
        fields = ("first_seen", "last_seen", "history", "parts", "edited")
        page = await self._pager.read([old], after=after, limit=_LETTERS_A_STEP, projection=fields)
        over = [letter for letter in page if _changed_at(letter) < before]
        await self._delete_letters(over)
        last = Cursor(page[-1]["first_seen"], page[-1]["_id"]) if len(page) == _LETTERS_A_STEP else None
        return Step(len(over), last)

    async def forget_jobs(self, before: int) -> int:
        """Delete the jobs that were over before `before`, with their parts and lines; how many."""
        over = [job for state in _OVER for job in await self._jobs_due(state, before)]
        for job in over:
            ids = [part_id_of(job["_id"], number) for number in range(1, job["parts"] + 1)]
            await _delete(self._job_lines, ids)
            await _delete(self._job_parts, ids)
        await _delete(self._jobs, [job["_id"] for job in over])
        return len(over)

    async def _jobs_due(self, state: JobState, before: int) -> list[Document]:
        due = {"state": state.value, "due_at": {"$lt": before}}
        found = await self._jobs.find(due, projection=["finished_at", "parts"])
        return [job for job in found if job["finished_at"] < before]

    async def _delete_letters(self, letters: Sequence[Document]) -> None:
        ids = [letter["_id"] for letter in letters]
        # First without a word of its parts: cut short after this, it is still a letter that can be read.
        bare = {"$set": {"parts": 0, "edit": [], "edited": False}}
        with_parts = [one["_id"] for one in letters if one["parts"] or one["edited"]]
        await self._letters.write([UpdateAll({"_id": {"$in": some}}, bare) for some in _some(with_parts)])
        for some in _some(ids):
            await self._parts.delete_many({"letter": {"$in": some}})
        await _delete(self._names, ids)
        await _delete(self._letters, ids)


def _changed_at(letter: Document) -> int:
    times: list[int] = [letter["last_seen"], *(entry["at"] for entry in letter["history"])]
    return max(times)


async def _delete(collection: Collection, ids: Sequence[str]) -> None:
    for some in _some(ids):
        await collection.delete_many({"_id": {"$in": some}})


def _some(ids: Sequence[str]) -> Iterable[list[str]]:
    """`ids`, so many at a time as one call takes."""
    return (list(ids[start : start + FEW_IDS]) for start in range(0, len(ids), FEW_IDS))
