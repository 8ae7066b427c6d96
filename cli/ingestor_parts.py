"""The ingestor, wired."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from cli.background import in_background
from cli.base import Base
from cli.settings import Settings
from domain.apply import ApplyRecords
from domain.breaker import BreakerPolicy
from domain.clock import system_clock
from domain.resolve import MatchPolicy
from ingestor.breaker import DeadLetterBreaker
from ingestor.broker_dead_letters import AT_ONCE, BrokerDeadLetters
from ingestor.identify import Unpacker
from ingestor.ledger import OutcomeLedger
from ingestor.metrics import IngestorMetrics
from ingestor.ports import Books
from ingestor.process import Processor
from ingestor.run import Ingestor, IngestorLimits
from messaging.port import Consumer


@dataclass(frozen=True, slots=True)
class IngestorTools:
    """What one process ingests with, whatever it takes messages from."""

    processor: Processor
    unpacker: Unpacker
    books: Books
    metrics: IngestorMetrics
    breaker: DeadLetterBreaker


def make_tools(base: Base) -> IngestorTools:
    """The tools, once a process: its metrics are registered with them."""
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
        store.tombstones,
    )
    after_apply = base.loyalty.earn if base.loyalty else None
    processor = Processor(
        base.operations, apply_records, books, metrics, system_clock, after_apply, base.tracer
    )
    breaker = DeadLetterBreaker(_breaker_policy(settings), store.ingestor_stops, metrics, system_clock)
    return IngestorTools(processor, Unpacker(base.ids), books, metrics, breaker)


def _breaker_policy(settings: Settings) -> BreakerPolicy | None:
    share = settings.ingestor_breaker
    if share is None:
        return None
    return BreakerPolicy(
        share=share,
        window=settings.ingestor_breaker_window,
        least=settings.ingestor_breaker_least,
        pause_ms=int(settings.ingestor_breaker_pause * 1000),
    )


def make_ingestor(base: Base, tools: IngestorTools, consumer: Consumer) -> Ingestor:
    """An ingestor that consumes from `consumer`."""
    settings = base.settings
    limits = IngestorLimits(
        max_messages=settings.ingestor_max_messages,
        max_bytes=settings.ingestor_max_bytes,
        batches=settings.ingestor_batches,
        attempts=settings.ingestor_attempts,
    )
    return Ingestor(
        consumer, tools.processor, tools.unpacker, tools.books, tools.metrics, limits, tools.breaker
    )


@asynccontextmanager
async def moving_dead_letters(base: Base, tools: IngestorTools) -> AsyncIterator[None]:
    """What the broker gives up is moved; at the end what is in hand is settled, within the drain's bound."""
    mover = BrokerDeadLetters(tools.processor, tools.unpacker, base.registry)
    async with base.queue.dead_letters(AT_ONCE) as consumer:
        if consumer is None:
            yield
            return
        async with in_background(mover.run(consumer), mover.stop, base.settings.drain_seconds):
            yield
