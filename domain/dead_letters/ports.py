"""What the use case asks of the store. Every method may raise StoreUnavailableError."""

from collections.abc import Sequence
from typing import Protocol

from domain.dead_letters.entities import (
    AuditEntry,
    Found,
    Group,
    KeptLetter,
    Reading,
    Reference,
    Selection,
)
from domain.reading import Cursor
from domain.receipts import DeadLetter
from domain.records import Applied, Record


class KeptLetterStore(Protocol):
    """Dead letters of all tenants, with what was done with them."""

    async def get(self, id: str) -> KeptLetter | None:
        """The dead letter `id`."""

    async def get_many(self, ids: Sequence[str]) -> dict[str, KeptLetter]:
        """Those of `ids` that there are, by id."""

    async def page(self, selection: Selection, *, after: Cursor | None, limit: int) -> list[KeptLetter]:
        """At most `limit` of `selection` after `after`, by first-seen time and id, newest last."""

    async def search(self, selection: Selection, *, after: Cursor | None, limit: int) -> Found:
        """At most `limit` of `selection` after `after`; of one that is searched, fewer where as many
        letters were looked at as a call may, and there are more."""

    async def references(self, selection: Selection, *, after: Cursor | None, limit: int) -> list[Reference]:
        """The same page, without what the letters hold."""

    async def groups(self, selection: Selection) -> list[Group]:
        """The groups that `selection` has letters of, the largest first; `selection.ids` is empty."""

    async def change(self, before: KeptLetter, after: KeptLetter) -> KeptLetter | None:
        """`after` as it is kept, under the fingerprint of its reason; None, and nothing changed, where
        the letter has another revision than `before`."""

    async def change_many(self, changes: Sequence[tuple[KeptLetter, KeptLetter]]) -> list[KeptLetter | None]:
        """The same for each pair of `changes`, all at once."""


class LetterArrivals(Protocol):
    """Brings dead letters of any tenant in."""

    async def there(self, ids: Sequence[str]) -> set[str]:
        """Those of `ids` that there are."""

    async def put_missing(self, letters: Sequence[KeptLetter]) -> int:
        """Keep those whose ids are not there, under the fingerprints of their reasons; how many."""


class LetterReader(Protocol):
    """The contracts as they are today."""

    def read(self, letter: DeadLetter, payload: bytes) -> Reading:
        """The records of `payload`, in place of the letter's own, with the versions of the original.

        Never raises for anything that `payload` holds.
        """


class Apply(Protocol):
    """Applies records, with all that follows from them; or only says what it would do."""

    async def __call__(self, records: Sequence[Record], /) -> list[Applied]:
        """The result of each record, in order. May raise TransientError."""


class AuditStore(Protocol):
    """The audit."""

    async def append(self, entries: Sequence[AuditEntry]) -> None:
        """Keep all, for good."""
