"""What the ingestor needs of the store, besides applying records."""

from dataclasses import dataclass

from domain.ports import AttemptStore, DeadLetterStore, ReceiptStore


@dataclass(frozen=True, slots=True)
class Books:
    """Where the ingestor keeps what it must not forget."""

    receipts: ReceiptStore
    dead_letters: DeadLetterStore
    attempts: AttemptStore
