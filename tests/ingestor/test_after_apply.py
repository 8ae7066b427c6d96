"""What follows from records happens before their receipt, and again where it did not."""

from collections.abc import Sequence

import orjson
import pytest
from prometheus_client import CollectorRegistry

from contracts.od_v2.decode import SOURCE
from contracts.registry import OPERATIONS
from domain.apply import ApplyRecords
from domain.clock import system_clock
from domain.errors import StoreUnavailableError
from domain.find import FindCustomer
from domain.ingestion_id import IngestionIds
from domain.ledger.book import LedgerBook
from domain.loyalty.earning import EarnFromOrders
from domain.loyalty.entries import Account
from domain.loyalty.ledger import Ledger
from domain.records import Applied, Record
from ingestor.ledger import OutcomeLedger
from ingestor.metrics import IngestorMetrics
from ingestor.ports import AfterApply, Books
from ingestor.process import Processor
from messaging.envelope import Ingestion
from storage.store import Store
from tests.support.loyalty import PROGRAMS

IDS = IngestionIds(b"a-secret-for-tests")
CUSTOMER = {"identifier": {"type": "custom", "value": "ana"}}
ORDER = {
    "id": "order-1",
    "status": "CONCLUDED",
    "customer": {"id": "ana"},
    "total": {"orderAmount": {"value": 100, "currency": "BRL"}},
}


class Failing:
    """Does its work, and then fails as often as it is told to."""

    def __init__(self, work: AfterApply, failures: list[Exception]) -> None:
        self._work = work
        self._failures = failures

    async def __call__(self, applied: Sequence[tuple[Record, Applied]], /) -> None:
        await self._work(applied)
        if self._failures:
            raise self._failures.pop()


def a_processor(store: Store, apply_records: ApplyRecords, *failures: Exception) -> Processor:
    """One that gives points, on the test's store."""
    find = FindCustomer(store.reader, "BR")
    earn = EarnFromOrders(Ledger(store.loyalty, PROGRAMS, system_clock), PROGRAMS, find, SOURCE)
    ledger = OutcomeLedger(LedgerBook(system_clock), store.ledger, system_clock)
    books = Books(store.receipts, store.dead_letters, store.attempts, ledger)
    metrics = IngestorMetrics(CollectorRegistry(), OPERATIONS)
    return Processor(OPERATIONS, apply_records, books, metrics, system_clock, Failing(earn, list(failures)))


def an_ingestion(plural: str, body: object) -> Ingestion:
    """An accepted request of surface B."""
    return Ingestion(
        IDS.mint("acme"), f"od.v2.{plural}", "acme", orjson.dumps(body), accepted_at=system_clock(), records=1
    )


async def points(store: Store) -> list[int]:
    """Every movement of every account."""
    [customer] = await store.loyalty.customers("acme", above="", limit=10)
    account = Account("acme", customer)
    entries = await store.loyalty.page(account, below=None, limit=10, skip=0, coupons=False)
    return [entry.points for entry in entries]


async def test_a_crash_before_the_receipt_gives_no_points_twice(
    store: Store, apply_records: ApplyRecords
) -> None:
    """The ingestion has no receipt, so it comes again, and ends as if nothing had happened."""
    await a_processor(store, apply_records).process([an_ingestion("customers", [CUSTOMER])])
    order = an_ingestion("orders", [ORDER])
    processor = a_processor(store, apply_records, StoreUnavailableError("away"))

    with pytest.raises(StoreUnavailableError):
        await processor.process([order])
    assert {} == await store.receipts.get_many([order.id])
    await processor.process([order])

    receipt = (await store.receipts.get_many([order.id]))[order.id]
    assert {"created": 1} == {name.value: count for name, count in receipt.counts.items() if count}
    assert [150] == await points(store)


async def test_a_bug_in_what_follows_ends_in_a_dead_letter(store: Store, apply_records: ApplyRecords) -> None:
    """Not in an ingestion that never ends."""
    order = an_ingestion("orders", [ORDER])
    processor = a_processor(store, apply_records, RuntimeError("a bug"), RuntimeError("a bug"))

    await processor.process_alone(order, ())

    receipt = (await store.receipts.get_many([order.id]))[order.id]
    assert ["INTERNAL_ERROR"] == [result.code for result in receipt.results]
