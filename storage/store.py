"""All repositories on one database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from domain.dead_letters.names import DEFAULT_REGION
from domain.reading import Rendering
from storage.attempts import AttemptRepository
from storage.audit import AuditRepository
from storage.backlog import BacklogRepository
from storage.clients import ClientRepository
from storage.dead_letters import DeadLetterRepository
from storage.dedupe import DedupeRepository
from storage.deliveries import DeliveryRepository
from storage.driver import Database, Driver, open_database
from storage.identities import IdentityRepository
from storage.indexes import ensure_indexes
from storage.ingestor_stops import IngestorStopRepository
from storage.kept_letters import KeptLetterRepository
from storage.leases import LeaseRepository
from storage.ledger import LedgerRepository
from storage.letter_arrivals import LetterArrivalRepository
from storage.letter_marks import LetterMarks
from storage.letter_names import LetterNames
from storage.loyalty import LoyaltyRepository
from storage.metrics import StoreMetrics
from storage.outbox import OutboxRepository
from storage.privacy import ErasureJobRepository, TraceRepository
from storage.reader import RecordReader
from storage.receipts import ReceiptRepository
from storage.records import RecordRepository
from storage.replay_jobs import ReplayJobRepository
from storage.retention import RetentionRepository
from storage.tombstones import TombstoneRepository
from storage.webhooks import EndpointRepository


class Store:
    """The repositories of one database."""

    def __init__(
        self, database: Database, phone_region: str = DEFAULT_REGION, rendering: Rendering | None = None
    ) -> None:
        """Opens nothing; `open_store` does."""
        self._database = database
        self.records = RecordRepository(database, rendering)
        self.identities = IdentityRepository(database)
        self.receipts = ReceiptRepository(database)
        names = LetterNames(database, phone_region)
        marks = LetterMarks(database)
        self.dead_letters = DeadLetterRepository(database, names, marks)
        self.kept_letters = KeptLetterRepository(database, names, marks)
        self.letter_arrivals = LetterArrivalRepository(database, names, marks)
        self.replay_jobs = ReplayJobRepository(database)
        self.backlog = BacklogRepository(database)
        self.retention = RetentionRepository(database, marks)
        self.audit = AuditRepository(database)
        self.dedupe = DedupeRepository(database)
        self.attempts = AttemptRepository(database)
        self.loyalty = LoyaltyRepository(database)
        self.outbox = OutboxRepository(database)
        self.endpoints = EndpointRepository(database)
        self.deliveries = DeliveryRepository(database)
        self.ledger = LedgerRepository(database)
        self.ingestor_stops = IngestorStopRepository(database)
        self.leases = LeaseRepository(database)
        self.clients = ClientRepository(database)
        self.tombstones = TombstoneRepository(database)
        self.traces = TraceRepository(database, names)
        self.erasure_jobs = ErasureJobRepository(database)
        self.reader = RecordReader(database, self.identities)

    async def ping(self) -> None:
        """Return if the database answers. Raises StoreUnavailableError."""
        await self._database.ping()

    async def prepare(self) -> None:
        """Make and check the indexes. Raises StoreUnavailableError and StoreSetupError."""
        await ensure_indexes(self._database)


@asynccontextmanager
async def open_store(  # noqa: PLR0913 - each has a default of its own
    url: str,
    *,
    name: str = "portico",
    driver: Driver = "motor",
    call_timeout: float = 20.0,
    selection_timeout: float = 3.0,
    prepare: bool = True,
    phone_region: str = DEFAULT_REGION,
    metrics: StoreMetrics | None = None,
    rendering: Rendering | None = None,
) -> AsyncIterator[Store]:
    """The store at a MongoDB `url`; its indexes are there and checked.

    `call_timeout` bounds the wait for a server's answer, `selection_timeout` the search for a
    server, both in seconds; a call tries at most twice. With `prepare` False nothing connects before
    the first call: for a front door that starts while MongoDB is away. `phone_region` (ISO 3166-1
    alpha-2) is the country of phone numbers written without one; with `rendering` records are kept as
    they are sent, too. Raises StoreUnavailableError,
    and StoreSetupError for what an operator must mend.
    """
    async with open_database(
        url,
        name,
        driver=driver,
        call_timeout=call_timeout,
        selection_timeout=selection_timeout,
        metrics=metrics,
    ) as database:
        store = Store(database, phone_region, rendering)
        if prepare:
            await store.prepare()
        yield store
