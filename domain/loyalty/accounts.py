"""What surfaces show of a customer's loyalty: the balance, the ledger, the coupons."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from domain.clock import Clock
from domain.loyalty.entries import Account, Coupon, CouponStatus, LedgerEntry, entry_of_coupon
from domain.loyalty.errors import UnknownEntryError
from domain.loyalty.ledger import Ledger
from domain.loyalty.ports import LedgerStore
from domain.loyalty.program import Program, Tier
from domain.loyalty.rules import expiring, restorable

SOON = 30 * 24 * 3600 * 1000
"""Milliseconds: points that expire within them expire soon."""


class AccountStatus(StrEnum):
    """How an account stands."""

    ENROLLED = "ENROLLED"
    """Nothing has happened on it yet."""
    ACTIVE = "ACTIVE"


@dataclass(frozen=True, slots=True)
class Balance:
    """An account at this moment, in points."""

    account: Account
    program: Program
    status: AccountStatus
    tier: Tier | None
    available: int
    """The sum of the ledger."""
    expiring_soon: int
    """Those of them that expire within `SOON`."""
    pending: int = 0
    """Portico enters points when they are earned: there are none under way."""


@dataclass(frozen=True, slots=True)
class HeldCoupon:
    """A coupon of a customer: the redemption that it is in, and how it stands."""

    entry: LedgerEntry
    coupon: Coupon
    status: CouponStatus


@dataclass(frozen=True, slots=True)
class Span:
    """Which part of a list, newest first."""

    limit: int
    after: str | None = None
    """Only entries older than the one with this id."""
    skip: int = 0


class LoyaltyAccounts:
    """Reads of loyalty accounts. Every method may raise TransientError."""

    def __init__(self, store: LedgerStore, ledger: Ledger, clock: Clock) -> None:
        self._store = store
        self._ledger = ledger
        self._clock = clock

    async def balance(self, account: Account) -> Balance:
        """The account, once what has expired is entered. Raises NoProgramError."""
        program = self._ledger.program(account.tenant)
        last = await self._ledger.settled(account)
        return Balance(
            account=account,
            program=program,
            status=AccountStatus.ENROLLED if last is None else AccountStatus.ACTIVE,
            tier=program.tier(last.lifetime_after if last else 0),
            available=last.balance_after if last else 0,
            expiring_soon=expiring(last, self._clock() + SOON),
        )

    async def transactions(self, account: Account, span: Span) -> list[LedgerEntry]:
        """The account's entries, once what has expired is entered. Raises UnknownEntryError."""
        await self._ledger.settled(account)
        return await self._page(account, span, coupons=False)

    async def coupons(self, account: Account, span: Span) -> list[HeldCoupon]:
        """The coupons that the customer's points bought. Raises UnknownEntryError."""
        return await self._held(account, await self._page(account, span, coupons=True))

    async def count(self, account: Account, *, limit: int, coupons: bool) -> int:
        """How many entries there are, or hold a coupon; counting stops at `limit`."""
        return await self._store.count(account, limit=limit, coupons=coupons)

    async def coupon(self, account: Account, coupon_id: str) -> HeldCoupon | None:
        """The customer's coupon `coupon_id`; None where he has no such one."""
        entry_id = entry_of_coupon(coupon_id)
        entry = await self._store.get(account, entry_id) if entry_id else None
        held = await self._held(account, [entry] if entry else [])
        return held[0] if held else None

    async def bought(self, entry: LedgerEntry) -> HeldCoupon:
        """The coupon that the redemption `entry` bought."""
        [held] = await self._held(entry.account, [entry])
        return held

    async def _page(self, account: Account, span: Span, *, coupons: bool) -> list[LedgerEntry]:
        below = None
        if span.after is not None:
            last = await self._store.get(account, span.after)
            if last is None:
                raise UnknownEntryError("the account has no such entry")
            below = last.sequence
        return await self._store.page(account, below=below, limit=span.limit, skip=span.skip, coupons=coupons)

    async def _held(self, account: Account, entries: Sequence[LedgerEntry]) -> list[HeldCoupon]:
        related: defaultdict[str | None, list[LedgerEntry]] = defaultdict(list)
        for one in await self._store.related(account, [entry.id for entry in entries]):
            related[one.related_id].append(one)
        return [
            HeldCoupon(entry, entry.coupon, _status(entry, related[entry.id]))
            for entry in entries
            if entry.coupon is not None
        ]


def _status(entry: LedgerEntry, related: Sequence[LedgerEntry]) -> CouponStatus:
    return CouponStatus.AVAILABLE if restorable(entry, related) else CouponStatus.CANCELLED
