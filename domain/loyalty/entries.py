"""The ledger's entries. Each says what the account held once it stood: the last one is the account."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from domain.ingestion_id import base32
from domain.loyalty.program import CouponType

_CUSTOMER_PREFIX = "cust_"
_ENTRY_PREFIX = "lpt_"
_COUPON_PREFIX = "cpn_"
_REDEMPTION_PREFIX = "red_"
_ACCOUNT_PREFIX = "acc-"
_SEQUENCE_BITS = 40


class TxnType(StrEnum):
    """Why points moved."""

    EARN = "earn"
    REDEEM = "redeem"
    ADJUST = "adjust"
    EXPIRE = "expire"
    RESTORE = "restore"
    """Points of a redemption or an expiry, given back."""
    REVERSE = "reverse"
    """Points that were earned, taken back."""


class CouponStatus(StrEnum):
    """How a coupon stands."""

    AVAILABLE = "available"
    CANCELLED = "cancelled"
    """The points it was bought with were given back."""


class Account(NamedTuple):
    """Whose points: a customer has one account."""

    tenant: str
    customer_id: str

    @property
    def id(self) -> str:
        """Its opaque id."""
        return f"{_ACCOUNT_PREFIX}{self.customer_id}"

    def entry_id(self, sequence: int) -> str:
        """The id of an entry; those of one account sort as its entries do."""
        digits = self.customer_id.removeprefix(_CUSTOMER_PREFIX)
        return f"{_ENTRY_PREFIX}{digits}{base32(sequence, _SEQUENCE_BITS)}"


class Lot(NamedTuple):
    """Points that expire together."""

    points: int
    expires_at: int | None
    """Milliseconds since the Unix epoch; None: never."""


@dataclass(frozen=True, slots=True)
class Coupon:
    """What a redemption bought; kept in its entry, so that neither is there without the other."""

    code: str
    """What the customer shows; unguessable."""
    type: CouponType
    value: Decimal | None
    """In major units of `currency`, for all units together; None where it is not worth an amount."""
    currency: str | None
    quantity: int
    reward_id: str


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One movement of points of one account."""

    account: Account
    sequence: int
    """1 for the account's first entry, plus 1 each."""
    txn_type: TxnType
    points: int
    """Signed: what the balance changed by."""
    balance_after: int
    """The sum of the points of all entries up to this one; never negative."""
    lifetime_after: int
    """Points earned up to this one and not reversed: what tiers are reached by."""
    lots_after: tuple[Lot, ...]
    """What the balance is made of, the first to expire first."""
    occurred_at: int
    """When it happened, in milliseconds since the Unix epoch."""
    mark: str
    """Drawn for it: another entry in its place has another."""
    expires_at: int | None = None
    """When the points that it brought expire."""
    order_id: str | None = None
    related_id: str | None = None
    """The entry that it gives back or takes back."""
    reason: str | None = None
    coupon: Coupon | None = None
    key: str | None = None
    """The idempotency key that it was asked for with."""
    key_digest: str = ""
    """What was asked for with that key; empty where anything else with it means the same."""

    @property
    def id(self) -> str:
        """Its opaque id: the account and the sequence number."""
        return self.account.entry_id(self.sequence)

    @property
    def coupon_id(self) -> str:
        """The id of the coupon in it."""
        return _COUPON_PREFIX + self.id.removeprefix(_ENTRY_PREFIX)

    @property
    def redemption_id(self) -> str:
        """The id of the redemption that it enters."""
        return _REDEMPTION_PREFIX + self.id.removeprefix(_ENTRY_PREFIX)


def entry_of_coupon(coupon_id: str) -> str | None:
    """The id of the entry that holds the coupon `coupon_id`; None where that is no coupon's id."""
    digits = coupon_id.removeprefix(_COUPON_PREFIX)
    return None if digits == coupon_id else _ENTRY_PREFIX + digits
