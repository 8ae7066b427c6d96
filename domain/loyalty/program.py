"""A loyalty programme: how points are earned, how long they live, what they buy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from enum import StrEnum


class AccountType(StrEnum):
    """What a reward is paid with."""

    POINTS = "points"
    CASHBACK = "cashback"


class CouponType(StrEnum):
    """What a coupon is good for."""

    DISCOUNT = "discount"
    FREE_ITEM = "free_item"
    CASHBACK = "cashback"


@dataclass(frozen=True, slots=True)
class CouponTerms:
    """The coupon that one unit of a reward gives."""

    type: CouponType
    value: Decimal | None = None
    """In major units of `currency`; None where the coupon is not worth an amount."""
    currency: str | None = None
    """ISO 4217."""


@dataclass(frozen=True, slots=True)
class Reward:
    """What points can buy."""

    id: str
    name: str
    cost: int
    """Points for one unit, at least 1."""
    coupon: CouponTerms
    account_type: AccountType = AccountType.POINTS
    available: bool = True


@dataclass(frozen=True, slots=True)
class Tier:
    """A level of customers, reached by points earned in all."""

    code: str
    name: str
    min_points: int


@dataclass(frozen=True, slots=True)
class EarnRule:
    """Points for what an order is worth."""

    points_per_unit: Decimal
    """Points for one major unit of currency."""
    currency: str | None = None
    """The one currency that earns; None: any."""

    def points_for(self, amount: Decimal, currency: str | None) -> int:
        """Whole points for `amount` in major units, never negative; 0 in another currency."""
        if self.currency is not None and currency != self.currency:
            return 0
        points = (amount * self.points_per_unit).to_integral_value(ROUND_FLOOR)
        return max(0, int(points))


@dataclass(frozen=True, slots=True)
class Program:
    """One programme."""

    id: str
    name: str
    rewards: Sequence[Reward] = ()
    earn: EarnRule | None = None
    expiry_months: int | None = None
    """How long points live; None: for ever."""
    tiers: Sequence[Tier] = ()
    merchant_id: str | None = None

    def reward(self, reward_id: str) -> Reward | None:
        """The reward called `reward_id`."""
        return next((one for one in self.rewards if one.id == reward_id), None)

    def tier(self, lifetime: int) -> Tier | None:
        """The highest tier that `lifetime` points, earned in all, reach."""
        reached = [one for one in self.tiers if one.min_points <= lifetime]
        return max(reached, key=lambda one: one.min_points, default=None)


@dataclass(frozen=True, slots=True)
class Programs:
    """The programmes of a deployment: each tenant has one, or the default one, or none."""

    default: Program | None
    by_tenant: Mapping[str, Program]

    def of(self, tenant: str) -> Program | None:
        """The tenant's programme."""
        return self.by_tenant.get(tenant, self.default)
