"""The one use case under every way in: operators and dead letters."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from domain.dead_letters.editing import Editing
from domain.dead_letters.entities import Found, Group, KeptLetter, Selection, State, Trial
from domain.dead_letters.errors import EditConflictError, NoSuchLetterError, RepairError
from domain.dead_letters.paging import frozen_pages
from domain.dead_letters.ports import Apply, KeptLetterStore, LetterReader
from domain.dead_letters.trail import Trail
from domain.dead_letters.trial import refusal_of, trials
from domain.reading import Cursor

_CHANGED = "somebody else changed it meanwhile"


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one letter of a selection."""

    letter: KeptLetter
    """As it is now."""
    refused: str = ""
    """Why nothing was done, in words; empty where it was."""
    trial: Trial | None = None
    """What became, or would become, of its records; None where they were not tried."""


@dataclass(frozen=True, slots=True)
class Means:
    """How dead letters are tried."""

    reader: LetterReader
    preview: Apply
    """Says what would become of records, and writes nothing."""
    apply: Apply
    """Applies records, with all that follows from them."""


class DeadLetters:
    """What one operator does."""

    def __init__(self, letters: KeptLetterStore, means: Means, trail: Trail) -> None:
        """`trail` is the operator's."""
        self._letters = letters
        self._means = means
        self._trail = trail
        self._editing = Editing(letters, means.reader, trail)

    async def groups(self, selection: Selection) -> list[Group]:
        """The groups with letters in `selection`, the largest first. Raises RepairError."""
        if selection.ids:
            raise RepairError("groups are not selected by id")
        return await self._letters.groups(selection)

    async def page(self, selection: Selection, *, after: Cursor | None, limit: int) -> list[KeptLetter]:
        """At most `limit` of `selection` after `after`, the newest last."""
        return await self._letters.page(selection, after=after, limit=limit)

    async def search(self, selection: Selection, *, after: Cursor | None, limit: int) -> Found:
        """The same for lists that people wait for: of a selection by customer or text, those among the
        letters that one call may look at, and where to go on."""
        return await self._letters.search(selection, after=after, limit=limit)

    async def get(self, id: str) -> KeptLetter:
        """The dead letter `id`. Raises NoSuchLetterError."""
        found = await self._letters.get(id)
        if found is None:
            raise NoSuchLetterError(id)
        return found

    async def reveal(self, id: str) -> KeptLetter:
        """The dead letter `id`, to be shown with its personal data: that is audited."""
        kept = await self.get(id)
        await self._trail.note([kept], "reveal", Selection(ids=(id,)))
        return kept

    async def dry_run(self, selection: Selection) -> AsyncIterator[Done]:
        """What a replay of `selection` would do now; nothing is changed.

        Letters are tried in parts, each as if the parts before had not been replayed.
        """
        async for page in self._pages(selection):
            ready = [kept for kept in page if not self._refusal(kept)]
            tried = iter(await trials(ready, self._means.reader, self._means.preview))
            for kept in page:
                refusal = self._refusal(kept)
                yield Done(kept, refusal) if refusal else Done(kept, trial=next(tried))

    async def edit(self, id: str, payload: bytes, revision: int) -> KeptLetter:
        """Put `payload` in place of that of the letter `id`, which the editor saw with `revision`.

        The original stays, and so do the headers and the versions. A payload that is the same changes
        nothing, and leaves nothing behind. Raises NoSuchLetterError,
        EditConflictError with the other's version, InvalidPayloadError and RepairError.
        """
        kept = await self.get(id)
        if kept.revision != revision:
            raise EditConflictError(kept)
        changed = await self._editing.put(kept, payload, "edit", Selection(ids=(id,)))
        if changed is None:
            raise EditConflictError(await self.get(id))
        return changed

    async def discard(self, selection: Selection, reason: str) -> AsyncIterator[Done]:
        """Give up the open letters of `selection`, for a reason. Raises RepairError without one."""
        if not reason.strip():
            raise RepairError("a reason is needed")
        async for page in self._pages(selection):
            open_ones = [kept for kept in page if kept.state is State.OPEN]
            await self._trail.note(open_ones, "discard", selection, [reason] * len(open_ones))
            for kept in page:
                yield await self._discard(kept, reason)

    async def _discard(self, kept: KeptLetter, reason: str) -> Done:
        if kept.state is not State.OPEN:
            return Done(kept, f"it is {kept.state}")
        changed = await self._letters.change(
            kept, self._trail.after(kept, "discard", reason, State.DISCARDED)
        )
        return Done(kept, _CHANGED) if changed is None else Done(changed)

    def _refusal(self, kept: KeptLetter) -> str:
        """Why `kept` is not replayed, in words; empty where it may be."""
        if kept.state not in (State.OPEN, State.REPLAYING):
            return f"it is {kept.state}"
        return refusal_of(kept.letter)

    def _pages(self, selection: Selection) -> AsyncIterator[list[KeptLetter]]:
        """What is selected now, in parts."""
        return frozen_pages(self._letters, selection, self._trail.now())
