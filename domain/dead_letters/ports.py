"""What the use case asks of the store. Every method may raise StoreUnavailableError."""

from collections.abc import Sequence
from typing import Protocol

from domain.dead_letters.entities import AuditEntry, Group, KeptLetter, Selection
from domain.reading import Cursor


class KeptLetterStore(Protocol):
    """Dead letters of all tenants, with what was done with them."""

    async def get(self, id: str) -> KeptLetter | None:
        """The dead letter `id`."""

    async def page(self, selection: Selection, *, after: Cursor | None, limit: int) -> list[KeptLetter]:
        """At most `limit` of `selection` after `after`, by first-seen time and id, newest last."""

    async def groups(self, selection: Selection) -> list[Group]:
        """The groups that `selection` has letters of, the largest first; `selection.ids` is empty."""

    async def change(self, before: KeptLetter, after: KeptLetter) -> bool:
        """Keep `after` if the letter still has the revision of `before`; whether it had."""


class AuditStore(Protocol):
    """The audit."""

    async def append(self, entries: Sequence[AuditEntry]) -> None:
        """Keep all, for good."""
