"""The loyalty extension on the wire: requests in, accounts, transactions, rewards and coupons out."""

import json
import re
from decimal import Decimal
from typing import Any

import jsonschema_rs
import pytest

from contracts.od_v2.loyalty import (
    LOYALTY_ENDPOINTS,
    coupon_json,
    loyalty_json,
    redemption_json,
    redemption_request,
    reward_json,
    transaction_json,
)
from contracts.od_v2.loyalty_openapi import with_loyalty
from contracts.od_v2.openapi import openapi
from contracts.operations import Malformed
from domain.loyalty.accounts import AccountStatus, Balance, HeldCoupon
from domain.loyalty.entries import Account, Coupon, CouponStatus, LedgerEntry, TxnType
from domain.loyalty.program import CouponType
from tests.support.loyalty import COFFEE, PROGRAM

ME = Account("acme", "cust_0000000000000000000000000A")
COUPON = Coupon("7K2M9QXW4T0B", CouponType.DISCOUNT, Decimal("10.50"), "BRL", 1, "ten-off")


def an_entry(txn_type: TxnType = TxnType.EARN, **changes: Any) -> LedgerEntry:
    """The first entry of an account."""
    facts: dict[str, Any] = {"points": 5, "balance_after": 5, "lifetime_after": 5, "lots_after": ()}
    given = {**facts, "occurred_at": 1_700_000_000_123, "mark": "m", **changes}
    return LedgerEntry(account=ME, sequence=1, txn_type=txn_type, **given)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """An OpenAPI document with the extension in it."""
    base = {"openapi": "3.1.0", "tags": [{"name": "customer"}], "paths": {"/customers": {"get": {}}}}
    return with_loyalty({**base, "components": {"schemas": {"Other": {}}}})


def test_the_document_has_every_operation(document: dict[str, Any]) -> None:
    """Beside what was there; each with its scope and its success."""
    operations = {
        operation["operationId"]: operation
        for path, methods in document["paths"].items()
        if path != "/customers"
        for operation in methods.values()
    }

    assert {one.operation_id for one in LOYALTY_ENDPOINTS} == operations.keys()
    assert 7 == len(operations)
    for one in LOYALTY_ENDPOINTS:
        assert [{"bearer": [one.scope]}] == operations[one.operation_id]["security"]
        assert ("201" if one.method == "POST" else "200") in operations[one.operation_id]["responses"]
    assert ["customer", "loyalty"] == [tag["name"] for tag in document["tags"]]
    assert {
        "Other",
        "Loyalty",
        "LoyaltyTransaction",
        "Reward",
        "RedemptionRequest",
        "RedemptionResult",
        "Coupon",
    } <= (document["components"]["schemas"].keys())


def test_every_reference_leads_somewhere() -> None:
    """Within the whole document of the surface, in which nothing of the extension takes another's place."""
    surface = openapi("https://example.com/v2", version="1")
    whole = with_loyalty(surface)

    for reference in set(re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(whole))):
        node = whole
        for step in reference.split("/"):
            node = node[step]
    for path, methods in surface["paths"].items():
        assert methods == whole["paths"][path]
    for name, schema in surface["components"]["schemas"].items():
        assert schema == whole["components"]["schemas"][name]


def test_what_is_answered_fits_the_document(document: dict[str, Any]) -> None:
    """Every model, with all that it may have."""
    balance = Balance(ME, PROGRAM, AccountStatus.ACTIVE, PROGRAM.tiers[0], 5, 1)
    held = HeldCoupon(an_entry(TxnType.REDEEM, coupon=COUPON), COUPON, CouponStatus.AVAILABLE)
    answers = {
        "Loyalty": loyalty_json(balance),
        "LoyaltyTransaction": transaction_json(an_entry(order_id="order-1", expires_at=1_800_000_000_000)),
        "Reward": reward_json(COFFEE),
        "Coupon": coupon_json(held),
        "RedemptionResult": redemption_json(held),
    }

    for name, answer in answers.items():
        schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        assert [] == [
            error.message for error in jsonschema_rs.Draft202012Validator(schema).iter_errors(answer)
        ]
        assert set() == answer.keys() - document["components"]["schemas"][name]["properties"].keys()


@pytest.mark.parametrize(
    ("txn_type", "wire"),
    [("earn", "earn"), ("redeem", "burn"), ("expire", "expire")]
    + [(other, "adjust") for other in ("adjust", "restore", "reverse")],
)
def test_kinds_of_movement(txn_type: str, wire: str) -> None:
    """The ledger's six are the extension's four."""
    assert wire == transaction_json(an_entry(TxnType(txn_type)))["type"]


def test_a_transaction_says_only_what_is_known() -> None:
    """Times in UTC with their milliseconds; nothing null."""
    assert {
        "id": "lpt_0000000000000000000000000A00000001",
        "accountId": "acc-cust_0000000000000000000000000A",
        "type": "earn",
        "amount": 5,
        "occurredAt": "2023-11-14T22:13:20.123Z",
    } == transaction_json(an_entry())


def test_a_request_may_say_more() -> None:
    """Unknown members are no fault."""
    asked = redemption_request(b'{"rewardId": "r", "quantity": 2, "relatedOrderId": "o", "colour": 1}')

    assert {"rewardId": "r", "quantity": 2, "relatedOrderId": "o"} == asked


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        (b"{}", "/rewardId", "REQUIRED"),
        (b'{"rewardId": 1}', "/rewardId", "INVALID_TYPE"),
        (b'{"rewardId": ""}', "/rewardId", "INVALID_VALUE"),
        (b'{"rewardId": "r", "quantity": 0}', "/quantity", "INVALID_VALUE"),
        (b'{"rewardId": "r", "quantity": 1001}', "/quantity", "INVALID_VALUE"),
        (b'{"rewardId": "r", "quantity": true}', "/quantity", "INVALID_TYPE"),
        (b'{"rewardId": "r", "quantity": null}', "/quantity", "INVALID_TYPE"),
        (b'{"rewardId": "r", "quantity": 99999999999999999999}', "/quantity", "INTEGER_OUT_OF_RANGE"),
        (b'{"rewardId": "\\ud800"}', "/rewardId", "INVALID_JSON"),
        (b"[]", "", "INVALID_TYPE"),
        (b"", "", "INVALID_JSON"),
        (b"\xff", "", "INVALID_JSON"),
    ],
)
def test_what_is_no_request(body: bytes, pointer: str, code: str) -> None:
    """With the place of the fault."""
    refused = redemption_request(body)

    assert isinstance(refused, Malformed)
    assert (pointer, code) == (refused.faults[0].pointer, refused.faults[0].code)


def test_amounts_are_numbers() -> None:
    """In major units; an item that is free has none."""
    free = Coupon("C", CouponType.FREE_ITEM, None, None, 2, "coffee")
    held = HeldCoupon(an_entry(TxnType.REDEEM, coupon=free), free, CouponStatus.CANCELLED)
    worth = HeldCoupon(an_entry(TxnType.REDEEM, coupon=COUPON), COUPON, CouponStatus.AVAILABLE)

    assert '"value": 10.5, "currency": "BRL"' in json.dumps(coupon_json(worth))
    assert {"value", "currency"} == coupon_json(worth).keys() - coupon_json(held).keys()
