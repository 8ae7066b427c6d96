"""The balance is the ledger's sum and never negative, whatever is asked for in whatever order."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.clock import to_millis
from domain.loyalty.accounts import AccountStatus, LoyaltyAccounts, Span
from domain.loyalty.entries import Account, CouponStatus, LedgerEntry, TxnType
from domain.loyalty.errors import (
    InsufficientBalanceError,
    InvalidMovementError,
    KeyReusedError,
    LoyaltyError,
    NoProgramError,
    RewardUnavailableError,
    UnknownEntryError,
    UnknownRewardError,
)
from domain.loyalty.ledger import Details, Ledger, Once
from domain.loyalty.program import Programs
from domain.loyalty.rules import MAX_POINTS
from tests.support.loyalty import PROGRAMS, LedgerInMemory

ME = Account("acme", "cust_0000000000000000000000000A")
START = to_millis(datetime(2026, 1, 31, 12, tzinfo=UTC))
DAY = 24 * 3600 * 1000


class World:
    """A ledger whose clock stands until it is moved."""

    def __init__(self, programs: Programs = PROGRAMS) -> None:
        self.now = START
        self.store = LedgerInMemory()
        self.ledger = Ledger(self.store, programs, lambda: self.now)
        self.accounts = LoyaltyAccounts(self.store, self.ledger, lambda: self.now)

    async def points(self) -> int:
        """What the customer can spend."""
        return (await self.accounts.balance(ME)).available


@pytest.fixture
def world() -> World:
    """An empty ledger."""
    return World()


def adds_up(entries: list[LedgerEntry]) -> bool:
    """Whether every entry's balance is the sum so far, made of its lots, and nowhere negative."""
    balance = lifetime = 0
    for number, entry in enumerate(entries, start=1):
        balance += entry.points
        lifetime += entry.points if entry.txn_type in (TxnType.EARN, TxnType.REVERSE) else 0
        lots = [lot.points for lot in entry.lots_after]
        if (number, balance, lifetime) != (entry.sequence, entry.balance_after, entry.lifetime_after):
            return False
        if balance < 0 or sum(lots) != balance or any(points <= 0 for points in lots):
            return False
    return True


Step = Callable[[World], Awaitable[object]]


async def _restore(world: World, which: int, points: int | None) -> None:
    entry = world.store.entries[which % len(world.store.entries)]
    await world.ledger.restore(ME, entry.id, points)


async def _reverse(world: World, which: int) -> None:
    entry = world.store.entries[which % len(world.store.entries)]
    await world.ledger.reverse(ME, entry.id)


async def _wait(world: World, days: int) -> None:
    world.now += days * DAY


WHICH = st.integers(0, 50)
POINTS = st.integers(1, 500)
STEPS: st.SearchStrategy[Step] = st.one_of(
    st.builds(lambda n: lambda world: world.ledger.earn(ME, n), POINTS),
    st.builds(
        lambda n, key: lambda world: world.ledger.earn(ME, n, Details(once=Once(key))),
        POINTS,
        st.sampled_from(["order:1", "order:2"]),
    ),
    st.builds(lambda n: lambda world: world.ledger.adjust(ME, n), st.integers(-500, 500)),
    st.builds(
        lambda reward, n: lambda world: world.ledger.redeem(ME, reward, n),
        st.sampled_from(["coffee", "ten-off", "gone", "none"]),
        st.integers(0, 3),
    ),
    st.builds(lambda n, p: lambda world: _restore(world, n, p), WHICH, st.none() | POINTS),
    st.builds(lambda n: lambda world: _reverse(world, n), WHICH),
    st.builds(lambda n: lambda world: _wait(world, n), st.integers(1, 200)),
    st.just(lambda world: world.ledger.expire(ME)),
)


@given(st.lists(st.lists(STEPS, min_size=1, max_size=4), max_size=8))
def test_any_interleaving_keeps_the_balance_the_sum(rounds: list[list[Step]]) -> None:
    """Steps of one round run at once; those that the rules refuse leave no trace."""

    async def run() -> World:
        world = World()

        async def tried(step: Step) -> None:
            with suppress(LoyaltyError, ZeroDivisionError):  # of nothing there is none to choose
                await step(world)

        for steps in rounds:
            await asyncio.gather(*(tried(step) for step in steps))
        return world

    world = asyncio.run(run())

    assert adds_up(world.store.entries)
    keys = [entry.key for entry in world.store.entries if entry.key]
    assert len(set(keys)) == len(keys)


async def test_points_that_expire_first_are_spent_first(world: World) -> None:
    """And what is left expires in time, at the end of the day a year on."""
    await world.ledger.earn(ME, 100)
    world.now += 40 * DAY
    await world.ledger.earn(ME, 100)
    await world.ledger.redeem(ME, "coffee")

    world.now = START + 366 * DAY
    assert 100 == await world.points()
    world.now += 40 * DAY
    assert 0 == await world.points()

    assert ["earn", "earn", "redeem", "expire"] == [entry.txn_type for entry in world.store.entries]
    assert -100 == world.store.entries[-1].points


@pytest.mark.parametrize(
    ("occurred", "expires"),
    [("2026-01-31", "2027-01-31"), ("2024-02-29", "2025-02-28"), ("2026-12-01", "2027-12-01")],
)
async def test_points_live_for_calendar_months(world: World, occurred: str, expires: str) -> None:
    """To the end of the day; where that month has no such day, of its last one."""
    at = to_millis(datetime.fromisoformat(f"{occurred}T08:30:00+00:00"))
    entry = await world.ledger.earn(ME, 1, Details(occurred_at=at))

    assert to_millis(datetime.fromisoformat(f"{expires}T23:59:59.999+00:00")) == entry.expires_at


async def test_expired_points_buy_nothing(world: World) -> None:
    """Also before anybody asked for their expiry: whoever touches the account enters it."""
    await world.ledger.earn(ME, 100)
    world.now += 366 * DAY

    with pytest.raises(InsufficientBalanceError) as caught:
        await world.ledger.redeem(ME, "coffee")

    assert (100, 0) == (caught.value.needed, caught.value.available)
    assert ["earn", "expire"] == [entry.txn_type for entry in world.store.entries]


async def test_an_expiry_takes_nothing_twice(world: World) -> None:
    """For all accounts of a tenant, as of any time."""
    other = Account("acme", "cust_0000000000000000000000000B")
    for account in (ME, other, Account("globex", "cust_0000000000000000000000000C")):
        await world.ledger.earn(account, 10)

    first = [entry async for entry in world.ledger.expire_all("acme", START + 400 * DAY, "closing")]
    again = [entry async for entry in world.ledger.expire_all("acme", START + 400 * DAY)]

    assert [(ME, -10, "closing"), (other, -10, "closing")] == [
        (entry.account, entry.points, entry.reason) for entry in first
    ]
    assert [] == again


async def test_a_redemption_holds_its_coupon(world: World) -> None:
    """One coupon, worth all units; restoring the points cancels it."""
    await world.ledger.earn(ME, 500)
    entry = await world.ledger.redeem(ME, "ten-off", 2)
    assert (-500, 0) == (entry.points, entry.balance_after)

    [held] = await world.accounts.coupons(ME, Span(10))
    assert held == await world.accounts.coupon(ME, entry.coupon_id)
    assert ("20.00", "BRL", 2, CouponStatus.AVAILABLE) == (
        str(held.coupon.value),
        held.coupon.currency,
        held.coupon.quantity,
        held.status,
    )

    await world.ledger.restore(ME, entry.id, 499)
    [held] = await world.accounts.coupons(ME, Span(10))
    assert CouponStatus.AVAILABLE == held.status
    await world.ledger.restore(ME, entry.id)
    [held] = await world.accounts.coupons(ME, Span(10))
    assert CouponStatus.CANCELLED == held.status
    assert 500 == await world.points()


async def test_what_cannot_be_redeemed(world: World) -> None:
    """Each for its own reason, and nothing is entered."""
    with pytest.raises(InsufficientBalanceError):
        await world.ledger.redeem(ME, "coffee")
    with pytest.raises(UnknownRewardError):
        await world.ledger.redeem(ME, "none")
    with pytest.raises(RewardUnavailableError):
        await world.ledger.redeem(ME, "gone")
    for quantity in (0, -1, 1_001):
        with pytest.raises(InvalidMovementError):
            await world.ledger.redeem(ME, "coffee", quantity)
    with pytest.raises(NoProgramError):
        await World(Programs(None, {})).ledger.redeem(ME, "coffee")

    assert [] == world.store.entries


async def test_what_cannot_be_moved(world: World) -> None:
    """Nothing, too much, more than there is, and what is not there."""
    entry = await world.ledger.earn(ME, 100)
    for points in (0, -1, MAX_POINTS):
        with pytest.raises(InvalidMovementError):
            await world.ledger.earn(ME, points)
    with pytest.raises(InvalidMovementError):
        await world.ledger.adjust(ME, 0)
    with pytest.raises(InsufficientBalanceError):
        await world.ledger.adjust(ME, -101)
    with pytest.raises(InvalidMovementError):
        await world.ledger.restore(ME, entry.id)
    with pytest.raises(UnknownEntryError):
        await world.ledger.reverse(Account("acme", "cust_somebody"), entry.id)

    assert [entry] == world.store.entries


async def test_earned_points_are_reversed_once(world: World) -> None:
    """Those very points go, whichever would expire first; spent ones cannot."""
    await world.ledger.earn(ME, 10)
    world.now += 40 * DAY
    entry = await world.ledger.earn(ME, 100, Details(order_id="order-1"))
    reversal = await world.ledger.reverse(ME, entry.id)

    assert ("order-1", entry.id, 10) == (reversal.order_id, reversal.related_id, reversal.balance_after)
    assert world.store.entries[0].lots_after == reversal.lots_after
    with pytest.raises(InvalidMovementError):
        await world.ledger.reverse(ME, entry.id)
    with pytest.raises(InvalidMovementError):
        await world.ledger.reverse(ME, reversal.id)
    spent = await world.ledger.earn(ME, 90)
    await world.ledger.redeem(ME, "coffee")
    with pytest.raises(InsufficientBalanceError):
        await world.ledger.reverse(ME, spent.id)


async def test_a_key_enters_a_movement_once(world: World) -> None:
    """The repeat gets the first's result, even where it could not be done again; else it is refused."""
    await world.ledger.earn(ME, 100)
    asked = Details(once=Once("key:1", "coffee"))
    first = await world.ledger.redeem(ME, "coffee", 1, asked)

    assert first == await world.ledger.redeem(ME, "coffee", 1, asked)
    with pytest.raises(KeyReusedError):
        await world.ledger.redeem(ME, "coffee", 1, Details(once=Once("key:1", "tea")))
    other = Account("acme", "cust_other")
    with pytest.raises(InsufficientBalanceError):
        await world.ledger.redeem(other, "coffee", 1, asked)


async def test_a_fact_tells_of_every_movement(world: World) -> None:
    """Where the tenant has subscribed; never with a coupon's code."""
    await world.ledger.earn(ME, 300)
    assert [] == world.store.facts
    told = Ledger(world.store, PROGRAMS, lambda: world.now, lambda tenant: True)

    entry = await told.redeem(ME, "coffee", 1, Details(order_id="order-1"))
    world.now += 400 * DAY
    await told.expire(ME)

    redeemed, expired = world.store.facts
    assert ["points.redeemed", "points.expired"] == [redeemed.type, expired.type]
    assert {
        "id": entry.id,
        "type": "redeem",
        "points": -100,
        "balanceAfter": 200,
        "couponId": entry.coupon_id,
        "rewardId": "coffee",
    } == json.loads(redeemed.payload)
    assert redeemed.position < expired.position
    assert redeemed.id != expired.id


async def test_the_balance_says_what_is_about_to_expire(world: World) -> None:
    """And the tier that all points ever earned have reached, spent or not."""
    empty = await world.accounts.balance(ME)
    assert (AccountStatus.ENROLLED, None, 0) == (empty.status, empty.tier, empty.available)

    await world.ledger.earn(ME, 150)
    await world.ledger.redeem(ME, "coffee")
    world.now += 340 * DAY
    await world.ledger.earn(ME, 7)
    await world.ledger.adjust(ME, 1_000)

    balance = await world.accounts.balance(ME)
    assert balance.tier is not None
    assert (AccountStatus.ACTIVE, "silver") == (balance.status, balance.tier.code)
    assert (1_057, 50, 0) == (balance.available, balance.expiring_soon, balance.pending)
