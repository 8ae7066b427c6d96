"""What the ledger asks of the store; `storage/` answers. Every method may raise StoreUnavailableError."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from domain.facts import Fact
from domain.loyalty.entries import Account, LedgerEntry


class LedgerStore(Protocol):
    """Entries of all accounts, only ever appended; an account is the ledger of one customer."""

    async def append(self, entry: LedgerEntry, facts: Sequence[Fact] = ()) -> bool:
        """Keep `entry`, and `facts` about it in its outbox, journaled by a majority; False where another
        one has its sequence number."""

    async def last(self, account: Account) -> LedgerEntry | None:
        """The account's newest entry."""

    async def get(self, account: Account, entry_id: str) -> LedgerEntry | None:
        """One entry of the account."""

    async def with_key(self, account: Account, key: str) -> LedgerEntry | None:
        """The entry that was asked for with the idempotency key `key`."""

    async def related(self, account: Account, ids: Iterable[str]) -> list[LedgerEntry]:
        """The entries that give back or take back one of the entries `ids`."""

    async def page(
        self, account: Account, *, below: int | None, limit: int, skip: int, coupons: bool
    ) -> list[LedgerEntry]:
        """The newest entries with a sequence number less than `below` (None: any), newest first.

        At most `limit`, without the first `skip`; with `coupons` only those that hold one.
        """

    async def count(self, account: Account, *, limit: int, coupons: bool) -> int:
        """How many entries there are, or hold a coupon; counting stops at `limit`."""

    async def customers(self, tenant: str, *, above: str, limit: int) -> list[str]:
        """Ids of customers with a ledger, in order, those after the id `above` ("": all)."""
