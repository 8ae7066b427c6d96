"""Loyalty accounts, transactions and coupons as messages."""

from domain.loyalty.accounts import Balance, HeldCoupon
from domain.loyalty.entries import LedgerEntry
from gateway.grpc.mapping import set_millis
from gateway.grpc.names import CUSTOMERS
from gateway.grpc.pb.portico.v1 import loyalty_pb2 as pb


def write_account(balance: Balance, message: pb.LoyaltyAccount) -> None:
    """Write an account as it stands."""
    message.uid = balance.account.id
    message.customer = f"{CUSTOMERS.plural}/{balance.account.customer_id}"
    message.program_id = balance.program.id
    message.status = balance.status
    if balance.tier is not None:
        message.tier_code, message.tier_name = balance.tier.code, balance.tier.name
    message.points_available = balance.available
    message.points_pending = balance.pending
    message.points_expiring_soon = balance.expiring_soon


def write_transaction(entry: LedgerEntry, message: pb.LoyaltyTransaction) -> None:
    """Write an entry of the ledger."""
    message.uid = entry.id
    message.sequence = entry.sequence
    message.type = entry.txn_type
    message.points = entry.points
    message.balance_after = entry.balance_after
    message.order_id = entry.order_id or ""
    message.related_uid = entry.related_id or ""
    message.reason = entry.reason or ""
    set_millis(message.occur_time, entry.occurred_at)
    if entry.expires_at is not None:
        set_millis(message.expire_time, entry.expires_at)


def write_coupon(held: HeldCoupon, message: pb.Coupon) -> None:
    """Write a coupon."""
    coupon = held.coupon
    message.uid = held.entry.coupon_id
    message.code = coupon.code
    message.type = coupon.type
    message.value = "" if coupon.value is None else str(coupon.value)
    message.currency = coupon.currency or ""
    message.quantity = coupon.quantity
    message.status = held.status
    message.reward_id = coupon.reward_id
    message.transaction_uid = held.entry.id
