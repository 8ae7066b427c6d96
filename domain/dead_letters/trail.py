"""What one operator leaves behind: lines of the audit, and entries in the history of letters."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace

from domain.clock import Clock
from domain.dead_letters.entities import AuditEntry, HistoryEntry, KeptLetter, Selection, State
from domain.dead_letters.ports import AuditStore
from domain.ingestion_id import base32


class Trail:
    """Says who did what, and when."""

    def __init__(self, audit: AuditStore, clock: Clock, actor: str, *, job: str = "") -> None:
        """`actor` is who the history and the audit name, and `job` the replay job that acts for him."""
        self._audit = audit
        self._clock = clock
        self._job = job
        self.actor = actor

    def now(self) -> int:
        """Milliseconds since the Unix epoch."""
        return self._clock()

    def after(
        self, kept: KeptLetter, action: str, detail: str, state: State, *, at: int | None = None
    ) -> KeptLetter:
        """`kept` after an action that was done at `at`; now, if not given."""
        entry = HistoryEntry(self._clock() if at is None else at, self.actor, action, detail, self._job)
        return replace(kept, state=state, revision=kept.revision + 1, history=(*kept.history, entry))

    async def note(
        self,
        letters: Sequence[KeptLetter],
        action: str,
        selection: Selection,
        details: Sequence[str] | None = None,
    ) -> None:
        """Put an action into the audit, before it is done: what is done is there, whatever happens."""
        await self._note(letters, action, selection.words(), details)

    async def note_replay(
        self, letters: Sequence[KeptLetter], action: str, details: Sequence[str] | None = None
    ) -> None:
        """Put what the replay job does into the audit; the selection is in the job's own entry."""
        await self._note(letters, action, {"job": self._job}, details)

    async def note_job(
        self, id: str, action: str, tenant: str | None, selection: Mapping[str, str], detail: str
    ) -> None:
        """Put into the audit what is done with the replay job `id`, before it is."""
        await self.note_other(f"{action} replay job", tenant or "", {**selection, "job": id}, detail)

    async def note_other(
        self, action: str, tenant: str, selection: Mapping[str, str], detail: str = ""
    ) -> None:
        """Put into the audit an action that is about no dead letter of its own, before it is done."""
        entry = AuditEntry(
            id=_new_id(),
            at=self._clock(),
            actor=self.actor,
            action=action,
            letter_id="",
            tenant=tenant,
            selection=dict(selection),
            before="",
            after="",
            detail=detail,
        )
        await self._audit.append([entry])

    async def note_import(self, letters: Sequence[KeptLetter], source: str) -> None:
        """Put into the audit that letters are brought in from `source`, before they are."""
        await self._note(letters, "import", {"source": source}, None)

    async def note_edit(
        self, kept: KeptLetter, action: str, selection: Selection, payload: bytes, detail: str = ""
    ) -> None:
        """Put into the audit that `payload` takes the place of that of `kept`, before it does."""
        await self._audit.append([self._entry(kept, action, selection.words(), detail, payload)])

    async def _note(
        self,
        letters: Sequence[KeptLetter],
        action: str,
        selection: Mapping[str, str],
        details: Sequence[str] | None,
    ) -> None:
        await self._audit.append(
            [
                self._entry(kept, action, selection, detail, kept.payload)
                for kept, detail in zip(letters, details or [""] * len(letters), strict=True)
            ]
        )

    def _entry(
        self, kept: KeptLetter, action: str, selection: Mapping[str, str], detail: str, payload: bytes
    ) -> AuditEntry:
        before = digest(kept.payload)
        return AuditEntry(
            id=_new_id(),
            at=self._clock(),
            actor=self.actor,
            action=action,
            letter_id=kept.id,
            tenant=kept.letter.tenant,
            selection=dict(selection),
            before=before,
            after=before if payload is kept.payload else digest(payload),
            detail=detail,
        )


def _new_id() -> str:
    return f"aud_{base32(secrets.randbits(128), 128)}"


def digest(payload: bytes) -> str:
    """SHA-256, hex."""
    return hashlib.sha256(payload).hexdigest()
