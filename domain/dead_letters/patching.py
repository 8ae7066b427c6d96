"""Repairing many dead letters by one change, which is tried on samples first."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from domain.dead_letters.changes import Change
from domain.dead_letters.editing import Editing
from domain.dead_letters.entities import KeptLetter, Selection, Trial
from domain.dead_letters.errors import RepairError
from domain.dead_letters.paging import frozen_pages
from domain.dead_letters.ports import KeptLetterStore
from domain.dead_letters.trail import Trail
from domain.dead_letters.trial import trials
from domain.dead_letters.use_case import Done, Means

_CHANGED = "somebody else changed it meanwhile"


@dataclass(frozen=True, slots=True)
class Sample:
    """What a change would make of one letter."""

    letter: KeptLetter
    """As it is."""
    after: bytes | None = None
    """The payload that it would have; None where the change does not fit it or it may not be edited."""
    refused: str = ""
    """Why the change would not be kept, in words; empty where it would."""
    trial: Trial | None = None
    """What a replay would then do; None where the change would not be kept."""


class Patching:
    """What one operator changes in many letters at once."""

    def __init__(self, letters: KeptLetterStore, means: Means, trail: Trail) -> None:
        """`trail` is the operator's."""
        self._letters = letters
        self._means = means
        self._trail = trail
        self._editing = Editing(letters, means.reader, trail)

    async def preview(
        self, selection: Selection, change: Change, samples: int = 5, *, reveal: bool = False
    ) -> list[Sample]:
        """What `change` would make of the oldest `samples` of `selection`; no letter is changed.

        With `reveal` they are to be shown with their personal data: that is audited.
        """
        letters = await self._letters.page(selection, after=None, limit=samples)
        if reveal:
            await self._trail.note(letters, "reveal", selection)
        return [await self._sample(kept, change) for kept in letters]

    async def _sample(self, kept: KeptLetter, change: Change) -> Sample:
        payload: bytes | None = None
        try:
            self._editing.require_editable(kept)
            payload = change(kept.payload)
            self._editing.require_taken(kept, payload)
        except RepairError as error:
            return Sample(kept, payload, str(error))
        [trial] = await trials([replace(kept, edited=payload)], self._means.reader, self._means.preview)
        return Sample(kept, payload, trial=trial)

    async def patch(self, selection: Selection, change: Change) -> AsyncIterator[Done]:
        """Put what `change` makes of each payload of `selection` in its place, for the next replay.

        The guards are those of an edit: what is not open, or what the contract would not take, is
        refused in words and stays as it is. The original bytes, the headers and the versions stay.
        """
        async for page in frozen_pages(self._letters, selection, self._trail.now()):
            for done in await asyncio.gather(*(self._patch(kept, selection, change) for kept in page)):
                yield done

    async def _patch(self, kept: KeptLetter, selection: Selection, change: Change) -> Done:
        try:
            self._editing.require_editable(kept)
            changed = await self._editing.put(kept, change(kept.payload), "patch", selection, change.words)
        except RepairError as error:
            return Done(kept, str(error))
        return Done(kept, _CHANGED) if changed is None else Done(changed)
