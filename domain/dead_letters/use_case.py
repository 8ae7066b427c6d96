"""The one use case under every way in: operators and dead letters."""

import hashlib
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from domain.clock import Clock
from domain.dead_letters.entities import AuditEntry, Group, HistoryEntry, KeptLetter, Selection, State
from domain.dead_letters.errors import NoSuchLetterError, RepairError
from domain.dead_letters.ports import AuditStore, KeptLetterStore
from domain.ingestion_id import base32
from domain.reading import Cursor

_AT_ONCE = 50
"""Letters in hand at a time, whatever is selected."""


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one letter of a selection."""

    letter: KeptLetter
    """As it is now."""
    refused: str = ""
    """Why nothing was done, in words; empty where it was."""


class DeadLetters:
    """What one operator does."""

    def __init__(self, letters: KeptLetterStore, audit: AuditStore, clock: Clock, actor: str) -> None:
        """`actor` is who the history and the audit name."""
        self._letters = letters
        self._audit = audit
        self._clock = clock
        self._actor = actor

    async def groups(self, selection: Selection) -> list[Group]:
        """The groups with letters in `selection`, the largest first. Raises RepairError."""
        if selection.ids:
            raise RepairError("groups are not selected by id")
        return await self._letters.groups(selection)

    async def page(self, selection: Selection, *, after: Cursor | None, limit: int) -> list[KeptLetter]:
        """At most `limit` of `selection` after `after`, the newest last."""
        return await self._letters.page(selection, after=after, limit=limit)

    async def get(self, id: str) -> KeptLetter:
        """The dead letter `id`. Raises NoSuchLetterError."""
        found = await self._letters.get(id)
        if found is None:
            raise NoSuchLetterError(id)
        return found

    async def reveal(self, id: str) -> KeptLetter:
        """The dead letter `id`, to be shown with its personal data: that is audited."""
        kept = await self.get(id)
        await self._audit.append([self._entry(kept, "reveal", Selection(ids=(id,)))])
        return kept

    async def discard(self, selection: Selection, reason: str) -> AsyncIterator[Done]:
        """Give up the open letters of `selection`, for a reason. Raises RepairError without one."""
        if not reason.strip():
            raise RepairError("a reason is needed")
        async for page in self._pages(selection):
            open_ones = [kept for kept in page if kept.state is State.OPEN]
            await self._audit.append(
                [self._entry(kept, "discard", selection, detail=reason) for kept in open_ones]
            )
            for kept in page:
                yield await self._discard(kept, reason)

    async def _discard(self, kept: KeptLetter, reason: str) -> Done:
        if kept.state is not State.OPEN:
            return Done(kept, f"it is {kept.state}")
        after = self._after(kept, "discard", reason, State.DISCARDED)
        if not await self._letters.change(kept, after):
            return Done(kept, "somebody else changed it meanwhile")
        return Done(after)

    async def _pages(self, selection: Selection) -> AsyncIterator[list[KeptLetter]]:
        """What is selected now, in parts; letters that come in meanwhile are not."""
        frozen = replace(selection, until=self._clock() if selection.until is None else selection.until)
        after: Cursor | None = None
        while page := await self._letters.page(frozen, after=after, limit=_AT_ONCE):
            yield page
            after = Cursor(page[-1].letter.first_seen, page[-1].id)

    def _after(self, kept: KeptLetter, action: str, detail: str, state: State) -> KeptLetter:
        """`kept` after an action."""
        entry = HistoryEntry(self._clock(), self._actor, action, detail)
        return replace(kept, state=state, revision=kept.revision + 1, history=(*kept.history, entry))

    def _entry(
        self,
        kept: KeptLetter,
        action: str,
        selection: Selection,
        *,
        after: bytes | None = None,
        detail: str = "",
    ) -> AuditEntry:
        digest = _digest(kept.letter.body)
        return AuditEntry(
            id=f"aud_{base32(secrets.randbits(128), 128)}",
            at=self._clock(),
            actor=self._actor,
            action=action,
            letter_id=kept.id,
            tenant=kept.letter.tenant,
            selection=selection.words(),
            before=digest,
            after=digest if after is None else _digest(after),
            detail=detail,
        )


def _digest(payload: bytes) -> str:
    return hashlib.sha256(payload).hexdigest()
