"""Loyalty ledgers: one document an entry, inserted and, but for its outbox, never changed."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from domain.facts import Fact
from domain.loyalty.entries import Account, Coupon, LedgerEntry, Lot, TxnType
from domain.loyalty.program import CouponType
from storage.driver import Database, Document
from storage.facts import outbox_fields

LOYALTY_LEDGER = "loyalty_ledger"

_NEWEST_FIRST = [("sequence", -1)]


class LoyaltyRepository:
    """Entries of all accounts (domain.loyalty.ports.LedgerStore)."""

    def __init__(self, database: Database) -> None:
        """Keeps them in the collection `loyalty_ledger` of `database`."""
        self._collection = database.collection(LOYALTY_LEDGER)

    async def append(self, entry: LedgerEntry, facts: Sequence[Fact] = ()) -> bool:
        """Keep `entry`, and `facts` about it in its outbox, journaled by a majority; False where another
        one has its sequence number.

        A driver that sends an insert again meets its own entry: the mark tells it from another's.
        """
        document = _document(entry)
        if not await self._collection.insert_missing([{**document, **outbox_fields(facts, document)}]):
            return True
        return bool(await self._collection.find_ids([entry.id], within={"mark": entry.mark}))

    async def last(self, account: Account) -> LedgerEntry | None:
        """The account's newest entry."""
        found = await self._collection.find(_of(account), sort=_NEWEST_FIRST, limit=1)
        return _entry(found[0]) if found else None

    async def get(self, account: Account, entry_id: str) -> LedgerEntry | None:
        """One entry of the account."""
        found = await self._collection.find_ids([entry_id], within=_of(account))
        return _entry(found[0]) if found else None

    async def with_key(self, account: Account, key: str) -> LedgerEntry | None:
        """The entry that was asked for with the idempotency key `key`."""
        found = await self._collection.find_one({**_of(account), "key": key})
        return _entry(found) if found else None

    async def related(self, account: Account, ids: Iterable[str]) -> list[LedgerEntry]:
        """The entries that give back or take back one of the entries `ids`."""
        wanted = list(ids)
        if not wanted:
            return []
        found = await self._collection.find({**_of(account), "related_id": {"$in": wanted}})
        return [_entry(document) for document in found]

    async def page(
        self, account: Account, *, below: int | None, limit: int, skip: int, coupons: bool
    ) -> list[LedgerEntry]:
        """The newest entries with a sequence number less than `below` (None: any), newest first.

        At most `limit`, without the first `skip`; with `coupons` only those that hold one.
        """
        filter = _listed(account, coupons=coupons)
        if below is not None:
            filter["sequence"] = {"$lt": below}
        found = await self._collection.find(filter, sort=_NEWEST_FIRST, skip=skip, limit=limit)
        return [_entry(document) for document in found]

    async def count(self, account: Account, *, limit: int, coupons: bool) -> int:
        """How many entries there are, or hold a coupon; counting stops at `limit`."""
        return await self._collection.count(_listed(account, coupons=coupons), limit)

    async def customers(self, tenant: str, *, above: str, limit: int) -> list[str]:
        """Ids of customers with a ledger, in order, those after the id `above` ("": all)."""
        found = await self._collection.find(
            {"tenant": tenant, "sequence": 1, "customer_id": {"$gt": above}},
            projection=["customer_id"],
            sort=[("customer_id", 1)],
            limit=limit,
        )
        return [document["customer_id"] for document in found]


def _of(account: Account) -> dict[str, Any]:
    return {"tenant": account.tenant, "customer_id": account.customer_id}


def _listed(account: Account, *, coupons: bool) -> dict[str, Any]:
    return {**_of(account), "has_coupon": True} if coupons else _of(account)


def _document(entry: LedgerEntry) -> Document:
    document: Document = {
        "_id": entry.id,
        **_of(entry.account),
        "sequence": entry.sequence,
        "txn_type": entry.txn_type.value,
        "points": entry.points,
        "balance_after": entry.balance_after,
        "lifetime_after": entry.lifetime_after,
        "lots_after": [{"points": lot.points, "expires_at": lot.expires_at} for lot in entry.lots_after],
        "occurred_at": entry.occurred_at,
        "mark": entry.mark,
        "expires_at": entry.expires_at,
        "order_id": entry.order_id,
        "related_id": entry.related_id,
        "reason": entry.reason,
        "has_coupon": entry.coupon is not None,
        "key": entry.key,
        "key_digest": entry.key_digest,
    }
    if entry.coupon is not None:
        document["coupon"] = _coupon_document(entry.coupon)
    return document


def _coupon_document(coupon: Coupon) -> Document:
    return {
        "code": coupon.code,
        "type": coupon.type.value,
        "value": None if coupon.value is None else str(coupon.value),
        "currency": coupon.currency,
        "quantity": coupon.quantity,
        "reward_id": coupon.reward_id,
    }


def _entry(document: Document) -> LedgerEntry:
    return LedgerEntry(
        account=Account(document["tenant"], document["customer_id"]),
        sequence=document["sequence"],
        txn_type=TxnType(document["txn_type"]),
        points=document["points"],
        balance_after=document["balance_after"],
        lifetime_after=document["lifetime_after"],
        lots_after=tuple(Lot(lot["points"], lot["expires_at"]) for lot in document["lots_after"]),
        occurred_at=document["occurred_at"],
        mark=document["mark"],
        expires_at=document["expires_at"],
        order_id=document["order_id"],
        related_id=document["related_id"],
        reason=document["reason"],
        coupon=_coupon(document["coupon"]) if document["has_coupon"] else None,
        key=document["key"],
        key_digest=document["key_digest"],
    )


def _coupon(document: Document) -> Coupon:
    return Coupon(
        code=document["code"],
        type=CouponType(document["type"]),
        value=None if document["value"] is None else Decimal(document["value"]),
        currency=document["currency"],
        quantity=document["quantity"],
        reward_id=document["reward_id"],
    )
