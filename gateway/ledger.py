"""What the gateway counts for the ledger."""

from domain.ledger.book import LedgerBook
from domain.ledger.rows import Bucket
from messaging.envelope import Ingestion


def count_accepted(book: LedgerBook, ingestion: Ingestion) -> None:
    """The queue promised to keep `ingestion`."""
    book.accepted(Bucket.of(ingestion.tenant, ingestion.operation, ingestion.accepted_at), ingestion.records)
