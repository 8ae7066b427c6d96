"""Open Delivery v2's loyalty extension: its seven operations, wire to domain and back (contracts B.10)."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pydantic import TypeAdapter, ValidationError

from contracts import json_rules
from contracts.faults import described
from contracts.od_v2.loyalty_models import RedemptionRequest
from contracts.operations import Malformed
from contracts.times import rfc3339
from domain.clock import from_millis
from domain.loyalty.accounts import Balance, HeldCoupon
from domain.loyalty.entries import LedgerEntry, TxnType
from domain.loyalty.program import Reward
from domain.records import Fault

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class LoyaltyEndpoint:
    """One operation of the extension."""

    operation_id: str
    method: str
    path: str
    """Below `/v2`."""
    scope: str
    """What a token needs, unless it has `od.crm` or `od.all`."""
    answers: str
    """The model of what it answers."""
    summary: str
    many: bool = False
    """Whether it answers an array of them."""
    paged: bool = False


_CUSTOMER = "/customers/{customerId}"
_READ, _WRITE, _COUPON = "customer.loyalty.read", "customer.loyalty.write", "customer.coupon.validate"

LOYALTY_ENDPOINTS = (
    LoyaltyEndpoint(
        "listCustomerLoyaltyAccounts",
        "GET",
        f"{_CUSTOMER}/loyalty/accounts",
        _READ,
        "Loyalty",
        "Get a customer's loyalty account",
    ),
    LoyaltyEndpoint(
        "getCustomerLoyaltyAccount",
        "GET",
        f"{_CUSTOMER}/loyalty/accounts/{{accountId}}",
        _READ,
        "Loyalty",
        "Get a loyalty account by its id",
    ),
    LoyaltyEndpoint(
        "listCustomerLoyaltyTransactions",
        "GET",
        f"{_CUSTOMER}/loyalty/transactions",
        _READ,
        "LoyaltyTransaction",
        "List movements of points, newest first",
        many=True,
        paged=True,
    ),
    LoyaltyEndpoint(
        "listLoyaltyRewards",
        "GET",
        "/loyalty/rewards",
        _READ,
        "Reward",
        "List what points can buy",
        many=True,
    ),
    LoyaltyEndpoint(
        "createCustomerLoyaltyRedemption",
        "POST",
        f"{_CUSTOMER}/loyalty/redemptions",
        _WRITE,
        "RedemptionResult",
        "Redeem points for a reward",
    ),
    LoyaltyEndpoint(
        "listCustomerCoupons",
        "GET",
        f"{_CUSTOMER}/coupons",
        _COUPON,
        "Coupon",
        "List a customer's coupons, newest first",
        many=True,
        paged=True,
    ),
    LoyaltyEndpoint(
        "getCustomerCoupon", "GET", f"{_CUSTOMER}/coupons/{{couponId}}", _COUPON, "Coupon", "Get a coupon"
    ),
)

_TYPES = {TxnType.EARN: "earn", TxnType.REDEEM: "burn", TxnType.EXPIRE: "expire"}
_OTHER_TYPES = "adjust"

_REDEMPTION = TypeAdapter(RedemptionRequest)


def redemption_request(body: bytes) -> RedemptionRequest | Malformed:
    """What `body` asks for, or what is wrong with it."""
    faults = json_rules.faults_of(body)
    if not faults:
        try:
            return _REDEMPTION.validate_json(body)
        except ValidationError as error:
            faults = tuple(described(error, ""))
    return Malformed(None, faults or (Fault("INVALID_JSON", "not valid JSON in UTF-8"),), body)


def loyalty_json(balance: Balance) -> Json:
    """The wire `Loyalty` of an account."""
    program, tier = balance.program, balance.tier
    return {
        "accountId": balance.account.id,
        "customerId": balance.account.customer_id,
        **({"merchantId": program.merchant_id} if program.merchant_id else {}),
        "programId": program.id,
        "status": balance.status.value,
        **({"tier": {"code": tier.code, "name": tier.name}} if tier else {}),
        "summary": {
            "pointsAvailable": balance.available,
            "pointsPending": balance.pending,
            "pointsExpiringSoon": balance.expiring_soon,
        },
    }


def transaction_json(entry: LedgerEntry) -> Json:
    """The wire `LoyaltyTransaction` of an entry."""
    return {
        "id": entry.id,
        "accountId": entry.account.id,
        "type": _TYPES.get(entry.txn_type, _OTHER_TYPES),
        "amount": entry.points,
        **({"relatedOrderId": entry.order_id} if entry.order_id else {}),
        "occurredAt": rfc3339(from_millis(entry.occurred_at)),
        **({"expiresAt": rfc3339(from_millis(entry.expires_at))} if entry.expires_at is not None else {}),
    }


def reward_json(reward: Reward) -> Json:
    """The wire `Reward`."""
    return {
        "id": reward.id,
        "name": reward.name,
        "cost": reward.cost,
        "accountType": reward.account_type.value,
        "available": reward.available,
    }


def coupon_json(held: HeldCoupon) -> Json:
    """The wire `Coupon`."""
    coupon = held.coupon
    return {
        "id": held.entry.coupon_id,
        "code": coupon.code,
        "type": coupon.type.value,
        **({} if coupon.value is None else {"value": _number(coupon.value), "currency": coupon.currency}),
        "quantity": coupon.quantity,
        "status": held.status.value,
        "source": "loyalty",
        "customerId": held.entry.account.customer_id,
        "rewardId": coupon.reward_id,
    }


def redemption_json(held: HeldCoupon) -> Json:
    """The wire `RedemptionResult` of a redemption."""
    return {
        "redemptionId": held.entry.redemption_id,
        "transactionId": held.entry.id,
        "coupon": coupon_json(held),
    }


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)
