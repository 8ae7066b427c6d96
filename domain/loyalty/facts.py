"""What subscribers are told of a movement of points (contracts B.11). Pure."""

import json
from collections.abc import Mapping

from domain.facts import Fact, Webhook, position
from domain.loyalty.entries import LedgerEntry, TxnType
from domain.webhooks import fact_id

_TYPES: Mapping[TxnType, str] = {
    TxnType.EARN: "points.earned",
    TxnType.REDEEM: "points.redeemed",
    TxnType.ADJUST: "points.adjusted",
    TxnType.EXPIRE: "points.expired",
    TxnType.RESTORE: "points.restored",
    TxnType.REVERSE: "points.reversed",
}


def fact_of_entry(entry: LedgerEntry, program_id: str, now: int) -> Fact:
    """The fact that `entry` is; `now` is our clock, in milliseconds since the Unix epoch.

    A coupon is named by its id: its code is for the customer alone.
    """
    told = {
        "id": entry.id,
        "type": entry.txn_type.value,
        "points": entry.points,
        "balanceAfter": entry.balance_after,
        **({"couponId": entry.coupon_id, "rewardId": entry.coupon.reward_id} if entry.coupon else {}),
        **({"relatedTransactionId": entry.related_id} if entry.related_id else {}),
    }
    names = {
        "accountId": entry.account.id,
        "programId": program_id,
        **({"orderId": entry.order_id} if entry.order_id else {}),
    }
    return Fact(
        id=fact_id(entry.id),
        webhook=Webhook.LOYALTY,
        type=_TYPES[entry.txn_type],
        tenant=entry.account.tenant,
        occurred_at=entry.occurred_at,
        made_at=now,
        position=position(now, entry.sequence, 0),
        record_id=entry.id,
        customer_id=entry.account.customer_id,
        customer_ref=None,
        payload=json.dumps(told),
        names=names,
    )
