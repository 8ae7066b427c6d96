"""The use case behind every movement of points: read the last entry, decide, append the next.

An entry's id is its account and sequence number, so of two appends at once one is refused, reads
again and decides again. Nothing here locks, and no balance is kept beside the ledger.
"""

import asyncio
import random
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace

from domain.clock import Clock
from domain.errors import ContentionError
from domain.facts import Subscribed, nobody
from domain.ingestion_id import base32
from domain.loyalty.entries import Account, LedgerEntry, TxnType
from domain.loyalty.errors import (
    InvalidMovementError,
    KeyReusedError,
    NoProgramError,
    RewardUnavailableError,
    UnknownEntryError,
    UnknownRewardError,
)
from domain.loyalty.facts import fact_of_entry
from domain.loyalty.ports import LedgerStore
from domain.loyalty.program import AccountType, Program, Programs
from domain.loyalty.rules import Movement, bought, expiring, expiry, next_entry, restorable

MAX_QUANTITY = 1_000
"""Units of a reward in one redemption."""

_ROUNDS = 200
"""Rounds of lost races before giving up for now; each round at least one racer gets through."""
_LONGEST_PAUSE = 0.05
"""Seconds; racers that lost wait a random part of it, so that they do not meet again."""
_CODE_BITS = 60
_ACCOUNTS_A_READ = 500


@dataclass(frozen=True, slots=True)
class Once:
    """A movement is to be entered once, however often it is asked for."""

    key: str
    """Unique in the account."""
    digest: str = ""
    """Of what is asked for; with another one the key is refused. Empty: whatever was first stands."""


@dataclass(frozen=True, slots=True)
class Details:
    """What a movement may say besides its points."""

    order_id: str | None = None
    reason: str | None = None
    occurred_at: int | None = None
    """Milliseconds since the Unix epoch; None: now."""
    once: Once | None = None


_NO_DETAILS = Details()


def draw_code() -> str:
    """A coupon's code: twelve digits of Crockford's base 32, unguessable."""
    return base32(secrets.randbits(_CODE_BITS), _CODE_BITS)


class Ledger:
    """Moves points. Every method may raise TransientError, and what `next_entry` raises."""

    def __init__(
        self, store: LedgerStore, programs: Programs, clock: Clock, subscribed: Subscribed = nobody
    ) -> None:
        """`subscribed` says of which tenants facts are kept with the entries."""
        self._store = store
        self._programs = programs
        self._clock = clock
        self._subscribed = subscribed

    async def earn(self, account: Account, points: int, details: Details = _NO_DETAILS) -> LedgerEntry:
        """Give `points`, at least 1, which live as long as the programme says. Raises NoProgramError."""
        if points < 1:
            raise InvalidMovementError("points to earn are at least 1")
        return await self._enter(account, self._gift(account, TxnType.EARN, points, details))

    async def adjust(self, account: Account, points: int, details: Details = _NO_DETAILS) -> LedgerEntry:
        """Correct the balance by `points`, signed and not 0. Raises NoProgramError."""
        if points > 0:
            return await self._enter(account, self._gift(account, TxnType.ADJUST, points, details))
        return await self._enter(account, self._movement(TxnType.ADJUST, points, details))

    async def redeem(
        self, account: Account, reward_id: str, quantity: int = 1, details: Details = _NO_DETAILS
    ) -> LedgerEntry:
        """Burn the cost of `quantity` units of a reward; the entry holds the coupon for them.

        Raises InsufficientBalanceError, UnknownRewardError, RewardUnavailableError, NoProgramError.
        """
        if not 1 <= quantity <= MAX_QUANTITY:
            raise InvalidMovementError(f"a quantity is 1 to {MAX_QUANTITY}")
        if known := await self._known(account, details.once):
            return known  # even where the reward has left the catalogue since
        reward = self.program(account.tenant).reward(reward_id)
        if reward is None:
            raise UnknownRewardError("there is no such reward")
        if not reward.available or reward.account_type is not AccountType.POINTS:
            raise RewardUnavailableError("the reward is not available")
        movement = self._movement(TxnType.REDEEM, -reward.cost * quantity, details)
        return await self._enter(account, replace(movement, coupon=bought(reward, quantity, draw_code())))

    async def restore(
        self, account: Account, entry_id: str, points: int | None = None, details: Details = _NO_DETAILS
    ) -> LedgerEntry:
        """Give back `points` of a redemption or an expiry (None: all that are left of it).

        Raises UnknownEntryError, InvalidMovementError, NoProgramError.
        """
        entry = await self._entry(account, entry_id)
        gift = self._gift(account, TxnType.RESTORE, points or 0, _with_order(details, entry))

        async def decide() -> Movement:
            left = restorable(entry, await self._store.related(account, [entry_id]))
            wanted = left if points is None else points
            if not 1 <= wanted <= left:
                raise InvalidMovementError(f"{left} points of the entry are left to restore")
            return replace(gift, points=wanted, related_id=entry_id)

        return await self._enter(account, gift, decide)

    async def reverse(self, account: Account, entry_id: str, details: Details = _NO_DETAILS) -> LedgerEntry:
        """Take back points that were earned, once.

        Raises UnknownEntryError, InvalidMovementError, and InsufficientBalanceError where they are
        spent: a balance is never negative.
        """
        entry = await self._entry(account, entry_id)
        if entry.txn_type is not TxnType.EARN:
            raise InvalidMovementError("only earned points can be reversed")
        movement = self._movement(TxnType.REVERSE, -entry.points, _with_order(details, entry))
        movement = replace(movement, related_id=entry_id, expires_at=entry.expires_at)

        async def decide() -> Movement:
            if await self._store.related(account, [entry_id]):
                raise InvalidMovementError("the entry is reversed already")
            return movement

        return await self._enter(account, movement, decide)

    async def expire(
        self, account: Account, as_of: int | None = None, reason: str | None = None
    ) -> LedgerEntry | None:
        """Take the points that have expired at `as_of` (ms since the epoch; None: now).

        None where there are none, so that a second time takes nothing.
        """
        moment = self._clock() if as_of is None else as_of
        _, expired = await self._book_expiry(account, moment, reason)
        return expired

    async def expire_all(
        self, tenant: str, as_of: int | None = None, reason: str | None = None
    ) -> AsyncIterator[LedgerEntry]:
        """`expire` for every account of the tenant; the entries that were made."""
        above = ""
        while customers := await self._store.customers(tenant, above=above, limit=_ACCOUNTS_A_READ):
            for customer_id in customers:
                if entry := await self.expire(Account(tenant, customer_id), as_of, reason):
                    yield entry
            above = customers[-1]

    async def settled(self, account: Account) -> LedgerEntry | None:
        """The account's last entry, once what has expired by now is entered; None: it has none."""
        last, _ = await self._book_expiry(account, self._clock(), None)
        return last

    def program(self, tenant: str) -> Program:
        """The tenant's programme. Raises NoProgramError."""
        program = self._programs.of(tenant)
        if program is None:
            raise NoProgramError("the tenant has no loyalty programme")
        return program

    async def _enter(
        self,
        account: Account,
        movement: Movement,
        decide: Callable[[], Awaitable[Movement]] | None = None,
    ) -> LedgerEntry:
        """Enter `movement`, or what `decide` makes of it, once the last entry is known."""
        once = Once(movement.key, movement.key_digest) if movement.key else None
        for _ in range(_ROUNDS):
            last = await self.settled(account)
            if known := await self._known(account, once):
                return known
            entry = next_entry(account, last, await decide() if decide else movement)
            if await self._append(entry):
                return entry
            await _pause()
        raise ContentionError(f"a movement of points lost {_ROUNDS} races")

    async def _book_expiry(
        self, account: Account, moment: int, reason: str | None
    ) -> tuple[LedgerEntry | None, LedgerEntry | None]:
        """The account's last entry, and the same again where it had to be made for expired points."""
        for _ in range(_ROUNDS):
            last = await self._store.last(account)
            points = expiring(last, moment)
            if not points:
                return last, None
            details = Details(reason=reason, occurred_at=moment)
            entry = next_entry(account, last, self._movement(TxnType.EXPIRE, -points, details))
            if await self._append(entry):
                return entry, entry
            await _pause()
        raise ContentionError(f"an expiry lost {_ROUNDS} races")

    async def _append(self, entry: LedgerEntry) -> bool:
        account = entry.account
        program = self._programs.of(account.tenant) if self._subscribed(account.tenant) else None
        facts = [] if program is None else [fact_of_entry(entry, program.id, self._clock())]
        return await self._store.append(entry, facts)

    async def _known(self, account: Account, once: Once | None) -> LedgerEntry | None:
        known = await self._store.with_key(account, once.key) if once else None
        if known is not None and once is not None and known.key_digest != once.digest:
            raise KeyReusedError("the idempotency key was used for something else")
        return known

    async def _entry(self, account: Account, entry_id: str) -> LedgerEntry:
        entry = await self._store.get(account, entry_id)
        if entry is None:
            raise UnknownEntryError("the account has no such entry")
        return entry

    def _gift(self, account: Account, txn_type: TxnType, points: int, details: Details) -> Movement:
        """A movement of points that live as long as newly earned ones."""
        movement = self._movement(txn_type, points, details)
        months = self.program(account.tenant).expiry_months
        return replace(movement, expires_at=expiry(movement.occurred_at, months))

    def _movement(self, txn_type: TxnType, points: int, details: Details) -> Movement:
        return Movement(
            txn_type=txn_type,
            points=points,
            occurred_at=self._clock() if details.occurred_at is None else details.occurred_at,
            mark=secrets.token_hex(8),
            order_id=details.order_id,
            reason=details.reason,
            key=details.once.key if details.once else None,
            key_digest=details.once.digest if details.once else "",
        )


def _with_order(details: Details, entry: LedgerEntry) -> Details:
    """`details` with the order of the entry that they are about, unless they name one."""
    return details if details.order_id else replace(details, order_id=entry.order_id)


async def _pause() -> None:
    await asyncio.sleep(random.uniform(0, _LONGEST_PAUSE))  # noqa: S311 - not a secret
