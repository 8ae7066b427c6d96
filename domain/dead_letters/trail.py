"""What one operator leaves behind: lines of the audit, and entries in the history of letters."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import replace

from domain.clock import Clock
from domain.dead_letters.entities import AuditEntry, HistoryEntry, KeptLetter, Selection, State
from domain.dead_letters.ports import AuditStore
from domain.ingestion_id import base32


class Trail:
    """Says who did what, and when."""

    def __init__(self, audit: AuditStore, clock: Clock, actor: str) -> None:
        """`actor` is who the history and the audit name."""
        self._audit = audit
        self._clock = clock
        self._actor = actor

    def now(self) -> int:
        """Milliseconds since the Unix epoch."""
        return self._clock()

    def after(self, kept: KeptLetter, action: str, detail: str, state: State) -> KeptLetter:
        """`kept` after an action."""
        entry = HistoryEntry(self._clock(), self._actor, action, detail)
        return replace(kept, state=state, revision=kept.revision + 1, history=(*kept.history, entry))

    async def note(
        self,
        letters: Sequence[KeptLetter],
        action: str,
        selection: Selection,
        details: Sequence[str] | None = None,
    ) -> None:
        """Put an action into the audit, before it is done: what is done is there, whatever happens."""
        await self._audit.append(
            [
                self._entry(kept, action, selection, detail, kept.payload)
                for kept, detail in zip(letters, details or [""] * len(letters), strict=True)
            ]
        )

    async def note_edit(
        self, kept: KeptLetter, action: str, selection: Selection, payload: bytes, detail: str = ""
    ) -> None:
        """Put into the audit that `payload` takes the place of that of `kept`, before it does."""
        await self._audit.append([self._entry(kept, action, selection, detail, payload)])

    def _entry(
        self, kept: KeptLetter, action: str, selection: Selection, detail: str, payload: bytes
    ) -> AuditEntry:
        return AuditEntry(
            id=f"aud_{base32(secrets.randbits(128), 128)}",
            at=self._clock(),
            actor=self._actor,
            action=action,
            letter_id=kept.id,
            tenant=kept.letter.tenant,
            selection=selection.words(),
            before=digest(kept.payload),
            after=digest(payload),
            detail=detail,
        )


def digest(payload: bytes) -> str:
    """SHA-256, hex."""
    return hashlib.sha256(payload).hexdigest()
