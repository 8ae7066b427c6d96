"""What a movement does to an account: pure, so that whoever loses a race decides again."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from domain.clock import from_millis, to_millis
from domain.loyalty.entries import Account, Coupon, LedgerEntry, Lot, TxnType
from domain.loyalty.errors import InsufficientBalanceError, InvalidMovementError
from domain.loyalty.program import Reward

MAX_POINTS = 10**15
"""Of a balance and of a movement: exact in every JSON reader, and far from 64 bits."""

_END_OF_DAY = time(23, 59, 59, 999_000, tzinfo=UTC)
_LAST_YEAR = 9999


@dataclass(frozen=True, slots=True)
class Movement:
    """What is to be entered; the account's state decides whether it can be."""

    txn_type: TxnType
    points: int
    """Signed."""
    occurred_at: int
    """Milliseconds since the Unix epoch."""
    mark: str
    """Nobody else's: tells whether an entry that is there is this very one."""
    expires_at: int | None = None
    """When points that it brings expire; of points that it takes, those of this time go first."""
    order_id: str | None = None
    related_id: str | None = None
    reason: str | None = None
    coupon: Coupon | None = None
    key: str | None = None
    key_digest: str = ""


def next_entry(account: Account, last: LedgerEntry | None, movement: Movement) -> LedgerEntry:
    """The entry after `last` (None: the account has none) for `movement`.

    Raises InsufficientBalanceError and InvalidMovementError.
    """
    balance = last.balance_after if last else 0
    lots = last.lots_after if last else ()
    if movement.points < 0:
        lots = _taken(lots, -movement.points, balance, movement)
    elif movement.points > 0:
        lots = _added(lots, Lot(movement.points, movement.expires_at))
    else:
        raise InvalidMovementError("a movement is of at least one point")
    if balance + movement.points > MAX_POINTS:
        raise InvalidMovementError(f"a balance is at most {MAX_POINTS} points")
    counts = movement.points if movement.txn_type in (TxnType.EARN, TxnType.REVERSE) else 0
    return LedgerEntry(
        account=account,
        sequence=last.sequence + 1 if last else 1,
        txn_type=movement.txn_type,
        points=movement.points,
        balance_after=balance + movement.points,
        lifetime_after=(last.lifetime_after if last else 0) + counts,
        lots_after=lots,
        occurred_at=movement.occurred_at,
        mark=movement.mark,
        expires_at=movement.expires_at if movement.points > 0 else None,
        order_id=movement.order_id,
        related_id=movement.related_id,
        reason=movement.reason,
        coupon=movement.coupon,
        key=movement.key,
        key_digest=movement.key_digest,
    )


def expiring(last: LedgerEntry | None, until: int) -> int:
    """How many of the account's points expire at `until` (ms since the epoch) or before."""
    lots = last.lots_after if last else ()
    return sum(lot.points for lot in lots if lot.expires_at is not None and lot.expires_at <= until)


def expiry(occurred_at: int, months: int | None) -> int | None:
    """When points of `occurred_at` expire: after `months`, at the end of the day in UTC.

    Whole days keep the lots of an account few.
    """
    if months is None:
        return None
    start = from_millis(occurred_at)
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    if year > _LAST_YEAR:
        return None
    return to_millis(datetime.combine(_day_in(year, month + 1, start.day), _END_OF_DAY))


def restorable(entry: LedgerEntry, related: Iterable[LedgerEntry]) -> int:
    """How many points of a redemption or an expiry can still be given back."""
    if entry.txn_type not in (TxnType.REDEEM, TxnType.EXPIRE):
        raise InvalidMovementError("only a redemption or an expiry can be restored")
    return -entry.points - sum(one.points for one in related if one.txn_type is TxnType.RESTORE)


def bought(reward: Reward, quantity: int, code: str) -> Coupon:
    """The coupon for `quantity` units of `reward`, worth all of them together."""
    terms = reward.coupon
    value = None if terms.value is None else terms.value * quantity
    return Coupon(code, terms.type, value, terms.currency, quantity, reward.id)


def _taken(lots: tuple[Lot, ...], points: int, balance: int, movement: Movement) -> tuple[Lot, ...]:
    """`lots` without `points`: first those that `movement` names, then the first to expire."""
    if points > balance:
        raise InsufficientBalanceError(points, balance)
    left: list[Lot] = []
    named = movement.expires_at
    for lot in sorted(lots, key=lambda lot: named is None or lot.expires_at != named):
        used = min(points, lot.points)
        points -= used
        if used < lot.points:
            left.append(Lot(lot.points - used, lot.expires_at))
    return tuple(sorted(left, key=_place))


def _added(lots: tuple[Lot, ...], new: Lot) -> tuple[Lot, ...]:
    same = sum(lot.points for lot in lots if lot.expires_at == new.expires_at)
    others = [lot for lot in lots if lot.expires_at != new.expires_at]
    return tuple(sorted([*others, Lot(same + new.points, new.expires_at)], key=_place))


def _place(lot: Lot) -> tuple[bool, int]:
    return lot.expires_at is None, lot.expires_at or 0


def _day_in(year: int, month: int, day: int) -> date:
    """The `day` of a month, or that month's last one."""
    while True:
        try:
            return date(year, month, day)
        except ValueError:
            day -= 1
