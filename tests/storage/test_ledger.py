from domain.ledger.read import Ledger
from domain.ledger.rows import MINUTE, REPEATED, Aside, Bucket, LedgerRow
from domain.receipts import Receipt
from domain.records import Outcome
from storage.store import Store

BUCKET = Bucket(100 * MINUTE, "acme", "odp.v1.leads")


def a_receipt(id: str, at: int, tenant: str = "acme", **counts: int) -> Receipt:
    """A receipt of leads."""
    by_outcome = {Outcome(name): count for name, count in counts.items()}
    return Receipt(id, tenant, "odp.v1.leads", "", at, at, by_outcome)


def an_aside(id: str, at: int, outcome: str = REPEATED) -> Aside:
    """An aside of two leads."""
    return Aside(id, "acme", "odp.v1.leads", at, outcome, 2)


async def test_a_row_is_kept_in_place_of_the_one_before(store: Store) -> None:
    """Kept twice it is one, and it is found by its change and by its minute."""
    first = LedgerRow(BUCKET, "w", 5, 1, {"created": 1}, 0, 3, 3)
    second = LedgerRow(BUCKET, "w", 9, 4, {"created": 2, "dead": 1}, 1, 6, 5)
    for row in (first, second, second):
        await store.ledger.put_many([row])

    assert [second] == await store.ledger.changed_since(8)
    assert [] == await store.ledger.changed_since(9)
    assert [second] == await store.ledger.within(BUCKET.minute, BUCKET.minute + 1)
    assert [second] == await store.ledger.within(0, BUCKET.minute + 1, "acme")
    assert [] == await store.ledger.within(0, BUCKET.minute + 1, "other")
    assert [] == await store.ledger.within(0, BUCKET.minute)


async def test_a_minute_is_recounted_from_receipts_and_asides(store: Store) -> None:
    """Those of that minute, by tenant and operation."""
    inside = [BUCKET.minute, BUCKET.minute + 30_000, BUCKET.minute + MINUTE - 1]
    await store.receipts.put_many(
        [a_receipt(f"ing_{at}", at, created=2, dead=1) for at in inside]
        + [a_receipt("ing_before", BUCKET.minute - 1, created=100)]
        + [a_receipt("ing_after", BUCKET.minute + MINUTE, created=100)]
        + [a_receipt("ing_other", BUCKET.minute, "other", created=100)]
    )
    await store.ledger.keep_asides([an_aside("a", inside[0]), an_aside("b", inside[1], "dead")])

    other = Bucket(BUCKET.minute, "other", BUCKET.operation)
    assert {
        BUCKET: {"created": 6, "dead": 5, REPEATED: 2},
        other: {"created": 100},
    } == await store.ledger.recount(BUCKET.minute)


async def test_an_aside_is_kept_once(store: Store) -> None:
    """Only what is new is told of."""
    first, second = an_aside("a", 1), an_aside("b", 1)
    await store.ledger.keep_asides([first])

    assert [second] == await store.ledger.keep_asides([first, second])


async def test_the_ledger_is_forgotten_in_time(store: Store) -> None:
    """Rows and asides of before, and none of after."""
    old, new = LedgerRow(BUCKET, "w", 1), LedgerRow(Bucket(101 * MINUTE, "acme", "x"), "w", 1)
    await store.ledger.put_many([old, new])
    await store.ledger.keep_asides([an_aside("a", BUCKET.minute)])

    await store.ledger.forget(101 * MINUTE)

    assert [new] == await store.ledger.changed_since(0)
    assert {} == await store.ledger.recount(BUCKET.minute)


async def test_the_ledger_is_read_by_operation_and_by_minute(store: Store) -> None:
    """Within one tenant and operation, or over all."""
    later = Bucket(101 * MINUTE, "acme", "odp.v1.customers")
    other = Bucket(101 * MINUTE, "other", "odp.v1.customers")
    await store.ledger.put_many(
        [
            LedgerRow(BUCKET, "g", 1, accepted=4),
            LedgerRow(BUCKET, "i", 1, outcomes={"created": 3}, lag_total=30, lag_max=20),
            LedgerRow(later, "g", 1, 5, {"stale": 5}),
            LedgerRow(other, "g", 1, 6),
        ]
    )
    ledger = Ledger(store.ledger, lambda: 102 * MINUTE)

    totals = await ledger.totals(0)
    series = await ledger.series(0, 200 * MINUTE, tenant="acme")

    assert {
        ("acme", "odp.v1.leads"): 4,
        ("acme", "odp.v1.customers"): 5,
        ("other", "odp.v1.customers"): 6,
    } == {place: one.accepted for place, one in totals.items()}
    assert [("acme", "odp.v1.customers")] == list(
        await ledger.totals(0, tenant="acme", operation="odp.v1.customers")
    )
    assert {100 * MINUTE: (4, 1, 10.0, 20), 101 * MINUTE: (5, 0, 0.0, 0)} == {
        minute: (one.accepted, one.in_flight, one.lag_mean, one.lag_max) for minute, one in series.items()
    }
