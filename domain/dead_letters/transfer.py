"""Taking dead letters out of one Portico and into another, whole."""

from collections.abc import AsyncIterator, Sequence

from domain.dead_letters.entities import KeptLetter, Selection
from domain.dead_letters.errors import RepairError
from domain.dead_letters.paging import frozen_pages
from domain.dead_letters.ports import KeptLetterStore, LetterArrivals
from domain.dead_letters.trail import Trail


class Transfer:
    """What one operator takes out and brings in."""

    def __init__(
        self, letters: KeptLetterStore, arrivals: LetterArrivals, trail: Trail, tenant: str | None = None
    ) -> None:
        """`trail` is the operator's; with `tenant` he brings in no letters of others."""
        self._letters = letters
        self._arrivals = arrivals
        self._trail = trail
        self._tenant = tenant

    async def export(self, selection: Selection) -> AsyncIterator[list[KeptLetter]]:
        """What is selected now, in parts, to be written with its personal data: that is audited."""
        async for page in frozen_pages(self._letters, selection, self._trail.now()):
            await self._trail.note(page, "export", selection)
            yield page

    def require_own(self, kept: KeptLetter) -> None:
        """Raises RepairError, in words, for a letter that may not be brought in."""
        if self._tenant not in (None, kept.letter.tenant):
            raise RepairError("it is another tenant's")

    async def bring_in(self, letters: Sequence[KeptLetter], source: str) -> int:
        """Keep those of `letters` whose ids nobody has, as they are, with this as the end of their history.

        Returns how many that were; `source` says in the audit where they came from, without a word of
        theirs. Done again after it was cut short, it brings in the rest. Raises RepairError, and then has
        brought in none.
        """
        for kept in letters:
            self.require_own(kept)
        there = await self._arrivals.there([kept.id for kept in letters])
        new = [kept for kept in letters if kept.id not in there]
        await self._trail.note_import(new, source)
        brought = [self._trail.after(kept, "import", source, kept.state) for kept in new]
        return await self._arrivals.put_missing(brought)
