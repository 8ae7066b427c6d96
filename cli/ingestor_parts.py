"""The ingestor, wired."""

from cli.base import Base
from domain.apply import ApplyRecords
from domain.clock import system_clock
from domain.resolve import MatchPolicy
from ingestor.identify import Unpacker
from ingestor.ledger import OutcomeLedger
from ingestor.metrics import IngestorMetrics
from ingestor.ports import Books
from ingestor.process import Processor
from ingestor.run import Ingestor, IngestorLimits
from messaging.port import Consumer


def make_ingestor(base: Base, consumer: Consumer) -> Ingestor:
    """An ingestor that consumes from `consumer`."""
    settings, store = base.settings, base.store
    metrics = IngestorMetrics(base.registry, base.operations)
    ledger = OutcomeLedger(base.ledger_book, store.ledger, system_clock)
    books = Books(store.receipts, store.dead_letters, store.attempts, ledger)
    apply_records = ApplyRecords(
        store.records,
        store.identities,
        store.dedupe,
        system_clock,
        MatchPolicy(on_contact=settings.match_on_contact),
        base.endpoints.subscribed,
    )
    after_apply = base.loyalty.earn if base.loyalty else None
    processor = Processor(base.operations, apply_records, books, metrics, system_clock, after_apply)
    limits = IngestorLimits(
        max_messages=settings.ingestor_max_messages,
        max_bytes=settings.ingestor_max_bytes,
        batches=settings.ingestor_batches,
        attempts=settings.ingestor_attempts,
    )
    return Ingestor(consumer, processor, Unpacker(base.ids), books, metrics, system_clock, limits)
