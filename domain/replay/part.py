"""The replay of one part of a job: letters begun, applied, settled, and a line about each."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from domain.clock import Clock
from domain.dead_letters.entities import KeptLetter, Reference, State, Trial
from domain.dead_letters.places import without_values
from domain.dead_letters.ports import AuditStore, KeptLetterStore
from domain.dead_letters.trail import Trail
from domain.dead_letters.trial import refusal_of, trials
from domain.dead_letters.use_case import Means
from domain.records import Fault, Outcome
from domain.replay.entities import ReplayJob, ReplayLine

LETTERS_AT_ONCE, BYTES_AT_ONCE = 200, 8 * 1024 * 1024
"""Letters, and bytes of their payloads, that are tried together; a letter that is larger goes alone."""
_SIDE_BY_SIDE = 2
"""So many of them at a time: while the store is busy with one, the contracts are with the other."""
_CHANGED = "somebody else changed it meanwhile"
_CHANGED_BEFORE = "it was changed since the job was started"
_GONE = "there is no such letter any more"


class PartReplay:
    """Tries letters again, for real, with the versions that they were sent with.

    One whose records are stored, or stale, is resolved; one that fails again is open as before, with its
    attempts counted and its newest reason. All of it may be cut short anywhere and done again: a letter
    that the job had begun is begun again, which is harmless, and one that it had settled stays settled.
    """

    def __init__(self, letters: KeptLetterStore, audit: AuditStore, means: Means, clock: Clock) -> None:
        """`means` are the ingestor's own."""
        self._letters = letters
        self._audit = audit
        self._means = means
        self._clock = clock

    async def __call__(self, job: ReplayJob, references: Sequence[Reference]) -> list[ReplayLine]:
        """A line for each of `references`, in order. Raises TransientError."""
        lines: dict[str, ReplayLine] = {}
        slices = _slices(references)
        while some := list(islice(slices, _SIDE_BY_SIDE)):
            # What one fails with is said when the other has ended, too: nothing goes on unseen.
            ended = await asyncio.gather(*(self._replay(job, one) for one in some), return_exceptions=True)
            for result in ended:
                if isinstance(result, BaseException):
                    raise result
                lines |= result
        return [lines[reference.id] for reference in references]

    async def _replay(self, job: ReplayJob, references: Sequence[Reference]) -> dict[str, ReplayLine]:
        trail = Trail(self._audit, self._clock, job.actor, job=job.id)
        found = await self._letters.get_many([one.id for one in references])
        lines = {one.id: line for one in references if (line := _line_before(job, one, found.get(one.id)))}
        ready = [found[one.id] for one in references if one.id not in lines]
        if not ready:
            return lines
        await trail.note_replay(ready, "replay")
        marked = await self._letters.change_many([(kept, _begun(job, kept)) for kept in ready])
        begun = [kept for kept in marked if kept is not None]
        tried = await trials(begun, self._means.reader, self._means.apply)
        await trail.note_replay(begun, "replayed", [trial.words() for trial in tried])
        now = trail.now()
        settled = await self._letters.change_many(
            [(kept, _settled(trail, kept, trial, now)) for kept, trial in zip(begun, tried, strict=True)]
        )
        for kept, trial in zip(settled, tried, strict=True):
            if kept is not None:
                lines[kept.id] = ReplayLine(kept.id, kept.state, trial=trial)
        lost = [kept.id for kept in ready if kept.id not in lines]
        return lines | await self._overtaken(job, lost)

    async def _overtaken(self, job: ReplayJob, ids: Sequence[str]) -> dict[str, ReplayLine]:
        """Lines of letters that were changed in between: by another process with this job, or by anybody."""
        found = await self._letters.get_many(ids) if ids else {}
        return {
            id: _line_from_history(job, found.get(id))
            or ReplayLine(id, found[id].state if id in found else None, _CHANGED)
            for id in ids
        }


def _slices(references: Sequence[Reference]) -> Iterator[list[Reference]]:
    """`references` in order, so many at a time as may be in hand."""
    slice: list[Reference] = []
    size = 0
    for one in references:
        if slice and (len(slice) == LETTERS_AT_ONCE or size + one.size > BYTES_AT_ONCE):
            yield slice
            slice, size = [], 0
        slice.append(one)
        size += one.size
    if slice:
        yield slice


def _line_before(job: ReplayJob, reference: Reference, kept: KeptLetter | None) -> ReplayLine | None:
    """What is to be said of a letter that is not to be tried (any more); None where it is to be."""
    if kept is None:
        return ReplayLine(reference.id, None, _GONE)
    if line := _line_from_history(job, kept):
        return line
    if kept.state is State.REPLAYING and kept.job == job.id:
        return None
    if kept.revision != reference.revision:
        return ReplayLine(kept.id, kept.state, _CHANGED_BEFORE)
    if kept.state not in (State.OPEN, State.REPLAYING):
        return ReplayLine(kept.id, kept.state, f"it is {kept.state}")
    refusal = refusal_of(kept.letter)
    return ReplayLine(kept.id, kept.state, refusal) if refusal else None


def _begun(job: ReplayJob, kept: KeptLetter) -> KeptLetter:
    return replace(kept, state=State.REPLAYING, revision=kept.revision + 1, job=job.id)


def _settled(trail: Trail, kept: KeptLetter, trial: Trial, now: int) -> KeptLetter:
    """`kept` after its replay."""
    after = trail.after(kept, "replay", trial.words(), State.RESOLVED, at=now)
    if trial.fault is None:
        return after
    letter = replace(
        kept.letter,
        stage=trial.stage,
        code=trial.fault.code,
        message=trial.fault.message,
        pointer=trial.fault.pointer,
        attempts=kept.letter.attempts + 1,
        last_seen=now,
    )
    in_part = kept.stored_in_part or set(trial.outcomes) != {Outcome.DEAD}
    return replace(after, state=State.OPEN, letter=letter, stored_in_part=in_part)


def _line_from_history(job: ReplayJob, kept: KeptLetter | None) -> ReplayLine | None:
    """The line of a letter that this job settled before a crash, from what it left in the history."""
    entry = next((one for one in kept.history if one.job == job.id), None) if kept else None
    if kept is None or entry is None:
        return None
    counts, failed, reason = entry.detail.partition(": ")
    outcomes = _outcomes(counts)
    fault = _fault(kept, reason) if failed else None
    return ReplayLine(kept.id, State.OPEN if failed else State.RESOLVED, trial=Trial(outcomes, fault))


def _outcomes(words: str) -> Mapping[Outcome, int]:
    pairs = (pair.split(" ") for pair in words.split(", ") if pair)
    return {Outcome(name): int(count) for name, count in pairs}


def _fault(kept: KeptLetter, reason: str) -> Fault:
    letter = kept.letter
    if reason == f"{letter.code} at {without_values(letter.pointer) or '/'}":
        return Fault(letter.code, letter.message, letter.pointer)
    code, _, pointer = reason.partition(" at ")
    return Fault(code, "", pointer)
