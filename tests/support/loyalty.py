"""A loyalty programme to test with, and what stands in for the store where none is needed."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from domain.facts import Fact
from domain.loyalty.entries import Account, LedgerEntry
from domain.loyalty.program import CouponTerms, CouponType, EarnRule, Program, Programs, Reward, Tier

COFFEE = Reward("coffee", "Coffee", 100, CouponTerms(CouponType.FREE_ITEM))
TEN_OFF = Reward("ten-off", "R$ 10 off", 250, CouponTerms(CouponType.DISCOUNT, Decimal("10.00"), "BRL"))
GONE = Reward("gone", "Gone", 1, CouponTerms(CouponType.FREE_ITEM), available=False)

PROGRAM = Program(
    id="program-default",
    name="Points",
    rewards=(COFFEE, TEN_OFF, GONE),
    earn=EarnRule(Decimal("1.5"), "BRL"),
    expiry_months=12,
    tiers=(Tier("gold", "Gold", 1_000), Tier("silver", "Silver", 100)),
)
PROGRAMS = Programs(PROGRAM, {})


class LedgerInMemory:
    """The port of the ledger, over a list (domain.loyalty.ports.LedgerStore)."""

    def __init__(self) -> None:
        self.entries: list[LedgerEntry] = []
        self.facts: list[Fact] = []

    async def append(self, entry: LedgerEntry, facts: Sequence[Fact] = ()) -> bool:
        if any(one.id == entry.id for one in self.entries):
            return False
        self.entries.append(entry)
        self.facts += facts
        return True

    async def last(self, account: Account) -> LedgerEntry | None:
        return max(self._of(account), key=lambda one: one.sequence, default=None)

    async def get(self, account: Account, entry_id: str) -> LedgerEntry | None:
        return next((one for one in self._of(account) if one.id == entry_id), None)

    async def with_key(self, account: Account, key: str) -> LedgerEntry | None:
        return next((one for one in self._of(account) if one.key == key), None)

    async def related(self, account: Account, ids: Iterable[str]) -> list[LedgerEntry]:
        wanted = set(ids)
        return [one for one in self._of(account) if one.related_id in wanted]

    async def page(
        self, account: Account, *, below: int | None, limit: int, skip: int, coupons: bool
    ) -> list[LedgerEntry]:
        entries = sorted(self._of(account), key=lambda one: -one.sequence)
        found = [
            one for one in entries if (below is None or one.sequence < below) and (one.coupon or not coupons)
        ]
        return found[skip : skip + limit]

    async def count(self, account: Account, *, limit: int, coupons: bool) -> int:
        return len(await self.page(account, below=None, limit=limit, skip=0, coupons=coupons))

    async def customers(self, tenant: str, *, above: str, limit: int) -> list[str]:
        found = {one.account.customer_id for one in self.entries if one.account.tenant == tenant}
        return sorted(one for one in found if one > above)[:limit]

    def _of(self, account: Account) -> list[LedgerEntry]:
        return [one for one in self.entries if one.account == account]
