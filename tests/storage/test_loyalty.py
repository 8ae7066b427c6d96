"""Ledgers in the real store, under concurrency."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from domain.loyalty.accounts import LoyaltyAccounts, Span
from domain.loyalty.entries import Account, LedgerEntry
from domain.loyalty.errors import InsufficientBalanceError
from domain.loyalty.ledger import Details, Ledger, Once
from storage.driver import Database
from storage.indexes import INDEXES
from storage.loyalty import LOYALTY_LEDGER
from storage.store import Store
from tests.support.loyalty import PROGRAMS

NOW = 1_800_000_000_000
ME = Account("acme", "cust_0000000000000000000000000A")
EVERYTHING = Span(500)


def ledger_of(store: Store) -> Ledger:
    """The use case over the real repository."""
    return Ledger(store.loyalty, PROGRAMS, lambda: NOW)


async def test_of_100_parallel_redemptions_of_the_last_points_one_succeeds(store: Store) -> None:
    """The others are told that the balance is too low, and the ledger has two entries."""
    ledger = ledger_of(store)
    await ledger.earn(ME, 100)

    results = await asyncio.gather(*(ledger.redeem(ME, "coffee") for _ in range(100)), return_exceptions=True)

    [redeemed] = [one for one in results if isinstance(one, LedgerEntry)]
    assert 99 == sum(isinstance(one, InsufficientBalanceError) for one in results)
    entries = await store.loyalty.page(ME, below=None, limit=10, skip=0, coupons=False)
    assert [redeemed.id, ME.entry_id(1)] == [entry.id for entry in entries]
    assert 0 == entries[0].balance_after == sum(entry.points for entry in entries)


async def test_parallel_movements_all_count(store: Store) -> None:
    """Of movements at once none is lost and none counts twice; those with one key are one."""
    ledgers = [ledger_of(store) for _ in range(2)]
    once = Details(once=Once("order:1"), order_id="1")

    entries = await asyncio.gather(
        *(ledgers[number % 2].earn(ME, number) for number in range(1, 11)),
        *(ledgers[number % 2].earn(ME, 1_000, once) for number in range(10)),
    )

    assert 11 == len({entry.id for entry in entries})
    last = await store.loyalty.last(ME)
    assert last is not None
    assert (11, 1_055) == (last.sequence, last.balance_after)


async def test_an_entry_comes_back_as_it_was_kept(store: Store) -> None:
    """With its coupon, its lots and its key; and to no other account."""
    ledger = ledger_of(store)
    await ledger.earn(ME, 600)
    details = Details(order_id="order-1", reason="because", once=Once("key:1", "digest"))
    entry = await ledger.redeem(ME, "ten-off", 2, details)

    assert entry == await store.loyalty.get(ME, entry.id)
    assert entry == await store.loyalty.with_key(ME, "key:1")
    assert entry.coupon is not None
    assert Decimal("20.00") == entry.coupon.value
    for other in (Account("globex", ME.customer_id), Account("acme", "cust_other")):
        assert await store.loyalty.get(other, entry.id) is None
        assert await store.loyalty.with_key(other, "key:1") is None
        assert await store.loyalty.last(other) is None


async def test_an_entry_that_is_there_is_told_from_another(store: Store) -> None:
    """The very same one, sent again, is kept; another in its place is not."""
    entry = await ledger_of(store).earn(ME, 5)

    assert await store.loyalty.append(entry)
    assert not await store.loyalty.append(replace(entry, mark="another"))
    assert 1 == await store.loyalty.count(ME, limit=10, coupons=False)


async def test_a_movement_and_its_fact_are_one_write(store: Store) -> None:
    """The fact waits in the entry's outbox, and the entry is as it was once it was taken out."""
    ledger = Ledger(store.loyalty, PROGRAMS, lambda: NOW, lambda tenant: tenant == "acme")
    entry = await ledger.earn(ME, 5, Details(order_id="order-1"))
    await ledger.earn(Account("globex", "cust_other"), 5)

    [pending] = await store.outbox.pending(10)
    [fact] = pending.facts
    assert (entry.id, "points.earned", ME.customer_id) == (pending.id, fact.type, fact.customer_id)
    assert {"accountId": ME.id, "programId": "program-default", "orderId": "order-1"} == fact.names

    await store.outbox.take_out([pending])
    assert [] == await store.outbox.pending(10)
    assert entry == await store.loyalty.get(ME, entry.id)


async def test_lists_are_paged_newest_first(store: Store) -> None:
    """By sequence number or by skipping; coupons alone where they are asked for."""
    ledger = ledger_of(store)
    for number in range(4):
        await ledger.earn(ME, 100 + number)
        await ledger.redeem(ME, "coffee")
    accounts = LoyaltyAccounts(store.loyalty, ledger, lambda: NOW)

    pages = [
        await accounts.transactions(ME, span)
        for span in (EVERYTHING, Span(3), Span(3, after=ME.entry_id(6)), Span(3, skip=6))
    ]
    coupons = await accounts.coupons(ME, Span(2, after=ME.entry_id(8)))

    assert [[*range(8, 0, -1)], [8, 7, 6], [5, 4, 3], [2, 1]] == [
        [entry.sequence for entry in page] for page in pages
    ]
    assert [6, 4] == [held.entry.sequence for held in coupons]
    assert 8 == await accounts.count(ME, limit=100, coupons=False)
    assert 4 == await accounts.count(ME, limit=100, coupons=True)


async def test_the_customers_of_a_tenant_are_listed_in_parts(store: Store) -> None:
    """Each once, and nobody of another tenant."""
    ledger = ledger_of(store)
    for customer in ("cust_b", "cust_a", "cust_c"):
        await ledger.earn(Account("acme", customer), 1)
        await ledger.earn(Account("acme", customer), 1)
    await ledger.earn(Account("globex", "cust_d"), 1)

    assert ["cust_a", "cust_b"] == await store.loyalty.customers("acme", above="", limit=2)
    assert ["cust_c"] == await store.loyalty.customers("acme", above="cust_b", limit=2)


async def test_every_read_is_answered_from_an_index(store: Store, database: Database) -> None:
    """The server's own plan says so."""
    await ledger_of(store).earn(ME, 1)
    mine = {"tenant": ME.tenant, "customer_id": ME.customer_id}
    collection = database.collection(LOYALTY_LEDGER)
    reads: list[tuple[Mapping[str, object], str, list[tuple[str, int]]]] = [
        (mine, "by_account", [("sequence", -1)]),
        ({**mine, "key": "key:1"}, "by_account_key", []),
        ({**mine, "related_id": {"$in": ["lpt_1"]}}, "by_account_related", []),
        ({"tenant": "acme", "sequence": 1, "customer_id": {"$gt": ""}}, "by_sequence", [("customer_id", 1)]),
    ]

    plans = [await collection.explain(filter, sort=sort) for filter, _, sort in reads]

    assert {index for _, index, _ in reads} | {"by_outbox"} == set(INDEXES[LOYALTY_LEDGER])
    for (_, index, _), plan in zip(reads, plans, strict=True):
        assert f"'{index}'" in str(plan["queryPlanner"]["winningPlan"])
