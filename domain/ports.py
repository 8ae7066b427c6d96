"""What the use cases ask of the store; `storage/` answers. Every method may raise
StoreUnavailableError, and no driver's exception comes through."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from domain.receipts import DeadLetter, DedupeCandidate, Receipt
from domain.records import Entity, Fault, Stored, Write


class WriteResult(Protocol):
    """What became of a bulk of conditional writes; the ids in neither set were written."""

    @property
    def lost(self) -> set[str]:
        """Ids whose stored revision was not the expected one: read again and decide again."""

    @property
    def refused(self) -> Mapping[str, Fault]:
        """Ids of records that the store can never hold, with the reason."""


class RecordStore(Protocol):
    """Stored records of all entities."""

    async def get_many(self, entity: Entity, ids: Iterable[str]) -> dict[str, Stored]:
        """The stored records among `ids`, by id."""

    async def write_many(self, entity: Entity, writes: Sequence[Write]) -> WriteResult:
        """Write all, each on its own condition, journaled by a majority before it returns."""


class IdentityStore(Protocol):
    """The map from (tenant, identity key) to customer id. Keys are `IdentityKey.encode()`."""

    async def owners(self, tenant: str, keys: Iterable[str]) -> dict[str, str]:
        """The customer id of each key that has one; keys that several share are left out."""

    async def claim(self, tenant: str, claims: Mapping[str, str]) -> dict[str, str]:
        """Give each unowned key its customer id; returns the owners of those others have."""

    async def mark_shared(self, tenant: str, keys: Iterable[str]) -> None:
        """Note that several customers have these keys, so that they identify nobody."""


class ReceiptStore(Protocol):
    """Receipts by ingestion id."""

    async def get_many(self, ingestion_ids: Iterable[str]) -> dict[str, Receipt]:
        """The receipts among `ingestion_ids`, by id."""

    async def put_many(self, receipts: Sequence[Receipt]) -> set[int]:
        """Keep each receipt whose ingestion has none yet, and return the places of the others."""


class DeadLetterStore(Protocol):
    """Dead letters."""

    async def put_many(self, letters: Sequence[DeadLetter]) -> None:
        """Keep all; one that is kept already gets its last-seen time and attempts renewed."""


class DedupeStore(Protocol):
    """Dedupe candidates."""

    async def put_many(self, candidates: Sequence[DedupeCandidate]) -> None:
        """Keep all; a pair and key that are kept already stay as they are."""


class AttemptStore(Protocol):
    """Attempts at ingestions that were delivered again, noted before each is begun."""

    async def begin(self, ingestion_id: str, at: int) -> tuple[int, ...]:
        """Note one more attempt, at a time in ms since the Unix epoch, durably; returns those of all."""

    async def clear(self, ingestion_ids: Iterable[str]) -> None:
        """Forget the attempts at ingestions that ended."""
