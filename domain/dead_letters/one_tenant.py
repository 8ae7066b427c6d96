"""The dead letters of one tenant, for an operator who is bound to it."""

from collections.abc import Sequence
from dataclasses import replace

from domain.dead_letters.entities import Found, Group, KeptLetter, Reference, Selection
from domain.dead_letters.ports import KeptLetterStore
from domain.reading import Cursor


class OneTenant:
    """A KeptLetterStore in which there are no letters of other tenants."""

    def __init__(self, letters: KeptLetterStore, tenant: str) -> None:
        """`letters` of all tenants, of which those of `tenant` are left."""
        self._letters = letters
        self._tenant = tenant

    async def get(self, id: str) -> KeptLetter | None:
        """The dead letter `id`; None where it is another tenant's."""
        found = await self._letters.get(id)
        return found if found is not None and found.letter.tenant == self._tenant else None

    async def get_many(self, ids: Sequence[str]) -> dict[str, KeptLetter]:
        """Those of `ids` that are the tenant's."""
        found = await self._letters.get_many(ids)
        return {id: kept for id, kept in found.items() if kept.letter.tenant == self._tenant}

    async def page(self, selection: Selection, *, after: Cursor | None, limit: int) -> list[KeptLetter]:
        """At most `limit` of `selection` after `after`, as the store has it."""
        own = self._own(selection)
        return [] if own is None else await self._letters.page(own, after=after, limit=limit)

    async def search(self, selection: Selection, *, after: Cursor | None, limit: int) -> Found:
        """The same, within what a call may look at."""
        own = self._own(selection)
        return Found((), None) if own is None else await self._letters.search(own, after=after, limit=limit)

    async def references(self, selection: Selection, *, after: Cursor | None, limit: int) -> list[Reference]:
        """The same page, without what the letters hold."""
        own = self._own(selection)
        return [] if own is None else await self._letters.references(own, after=after, limit=limit)

    async def groups(self, selection: Selection) -> list[Group]:
        """The groups that `selection` has letters of."""
        own = self._own(selection)
        return [] if own is None else await self._letters.groups(own)

    async def change(self, before: KeptLetter, after: KeptLetter) -> KeptLetter | None:
        """As the store does it; None for a letter of another tenant."""
        return await self._letters.change(before, after) if before.letter.tenant == self._tenant else None

    async def change_many(self, changes: Sequence[tuple[KeptLetter, KeptLetter]]) -> list[KeptLetter | None]:
        """As the store does it; None for letters of other tenants."""
        own = [pair for pair in changes if pair[0].letter.tenant == self._tenant]
        changed = iter(await self._letters.change_many(own))
        return [next(changed) if before.letter.tenant == self._tenant else None for before, _ in changes]

    def _own(self, selection: Selection) -> Selection | None:
        """`selection` within the tenant; None where it asks for another."""
        if selection.tenant not in (None, self._tenant):
            return None
        return replace(selection, tenant=self._tenant)
