"""What the ingestor needs of the store and of other use cases, besides applying records."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from domain.ports import AttemptStore, DeadLetterStore, ReceiptStore
from domain.records import Applied, Record
from ingestor.ledger import OutcomeLedger


@dataclass(frozen=True, slots=True)
class Books:
    """Where the ingestor keeps what it must not forget."""

    receipts: ReceiptStore
    dead_letters: DeadLetterStore
    attempts: AttemptStore
    ledger: OutcomeLedger


class AfterApply(Protocol):
    """What follows from records, once they are applied and before their receipts are kept.

    A crash in between has it done again, so twice must be as once. May raise TransientError.
    """

    async def __call__(self, applied: Sequence[tuple[Record, Applied]], /) -> None:
        """Return once all that follows is durable."""
