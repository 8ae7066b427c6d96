"""What finding and erasing people asks of the store, besides what the other use cases ask. Every method
may raise StoreUnavailableError."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from domain.deliveries import Delivery
from domain.privacy.entities import ErasureJob
from domain.privacy.tombstones import Erasures, Tombstones
from domain.reading import Cursor
from domain.receipts import DeadLetter, DedupeCandidate, Receipt
from domain.records import Entity


class HeldKey(NamedTuple):
    """An identity key of a customer or lead."""

    key: str
    """`IdentityKey.encode()`."""
    shared: bool
    """Whether others brought it too."""


class TombstoneStore(Erasures, Protocol):
    """Tombstones, and how they are set."""

    async def salted(self, tenant: str) -> Tombstones:
        """The tenant's, empty where it has none yet, with the salt that it is to have."""

    async def put(self, tenant: str, digests: Sequence[bytes], until: int) -> None:
        """Set them: whatever begins to be applied after this returns knows of them."""


class CandidateStore(Protocol):
    """Dedupe candidates, read."""

    async def page(
        self, tenant: str, customer_id: str | None, *, after: Cursor | None, limit: int
    ) -> list[DedupeCandidate]:
        """At most `limit` candidates with a customer on either side after `after`, by seen time and id."""


class TraceStore(Protocol):
    """What is kept of people. Pages go by a time and an id, oldest first."""

    async def keys_of(self, tenant: str, owner_id: str) -> list[HeldKey]:
        """Every identity key that leads, or first led, to a customer or lead."""

    async def deliveries(self, *, after: Cursor | None, limit: int) -> list[Delivery]:
        """Deliveries of all tenants, by when their facts were made."""

    async def receipts(self, *, after: Cursor | None, limit: int) -> list[Receipt]:
        """Receipts of all tenants, by when their ingestions were accepted."""

    async def with_parts(self, letter_ids: Sequence[str]) -> set[str]:
        """Those dead letters that have more than the beginning of a body: edits, replaced ones too."""

    async def parts(self, letter_id: str) -> list[bytes]:
        """What they have more."""

    async def forget_keys(self, tenant: str, owner_ids: Iterable[str]) -> None:
        """Delete the identity keys of customers or leads."""

    async def forget_records(self, entity: Entity, ids: Iterable[str]) -> None:
        """Delete records, with their outboxes."""

    async def forget_candidates(self, ids: Iterable[str]) -> None:
        """Delete dedupe candidates."""

    async def forget_points(self, tenant: str, customer_id: str) -> None:
        """Delete the loyalty ledger of a customer."""

    async def forget_deliveries(self, ids: Iterable[str]) -> None:
        """Delete deliveries that wait."""

    async def empty_letter(self, letter: DeadLetter, body: bytes | None, actor: str, now: int) -> None:
        """Put `body` in place of all that a dead letter ever held, with no edit and no headers; with None
        it is discarded for good. Its reason, state and history stay; the history says that it was done."""

    async def blank_receipt(self, ingestion_id: str, record_ids: frozenset[str]) -> None:
        """Take these ids out of the results of a receipt; counts, outcomes and reasons stay."""


class JobStore(Protocol):
    """Erasures that are not done yet."""

    async def put(self, job: ErasureJob) -> None:
        """Keep `job` as it is now."""

    async def unfinished(self, tenant: str) -> list[ErasureJob]:
        """The tenant's jobs, oldest first."""

    async def remove(self, job: ErasureJob) -> None:
        """Forget a job that is done, with all that it knew of the person."""
