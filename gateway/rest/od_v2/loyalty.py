"""The loyalty extension of Open Delivery v2: answered at once, from the ledger (contracts B.10)."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

import orjson
from aiohttp import web

from contracts.od_v2.loyalty import (
    LOYALTY_ENDPOINTS,
    LoyaltyEndpoint,
    coupon_json,
    loyalty_json,
    redemption_json,
    redemption_request,
    reward_json,
    transaction_json,
)
from contracts.operations import Malformed
from domain.find import FindCustomer
from domain.loyalty.accounts import LoyaltyAccounts, Span
from domain.loyalty.entries import Account
from domain.loyalty.errors import UnknownEntryError
from domain.loyalty.ledger import Details, Ledger, Once
from gateway.accept import MalformedBodyError
from gateway.auth import Principal
from gateway.paging import InvalidCursorError
from gateway.rest.access import Access, idempotency_key_of
from gateway.rest.answers import json_response
from gateway.rest.errors import ApiError
from gateway.rest.listing import MAX_COUNTED, Paging, page_response, paging

PREFIX = "/v2"

_Element = TypeVar("_Element")
_Answer = Callable[[web.Request, Principal], Awaitable[web.Response]]


class LoyaltySurface:
    """The seven operations of the extension."""

    def __init__(
        self, *, access: Access, find: FindCustomer, ledger: Ledger, accounts: LoyaltyAccounts
    ) -> None:
        self._access = access
        self._find = find
        self._ledger = ledger
        self._accounts = accounts

    def routes(self) -> list[web.RouteDef]:
        """The routes, each named by its operationId."""
        answers: Mapping[str, _Answer] = {
            "listCustomerLoyaltyAccounts": self._get_account,
            "getCustomerLoyaltyAccount": self._get_account,
            "listCustomerLoyaltyTransactions": self._list_transactions,
            "listLoyaltyRewards": self._list_rewards,
            "createCustomerLoyaltyRedemption": self._redeem,
            "listCustomerCoupons": self._list_coupons,
            "getCustomerCoupon": self._get_coupon,
        }
        return [
            web.route(
                one.method,
                PREFIX + one.path,
                self._handler(one, answers[one.operation_id]),
                name=one.operation_id,
            )
            for one in LOYALTY_ENDPOINTS
        ]

    def _handler(
        self, endpoint: LoyaltyEndpoint, answer: _Answer
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handler(request: web.Request) -> web.Response:
            return await answer(request, await self._access.reader(request, endpoint.scope))

        return handler

    async def _get_account(self, request: web.Request, principal: Principal) -> web.Response:
        account = await self._account(request, principal)
        if request.match_info.get("accountId", account.id) != account.id:
            raise ApiError(404, "NOT_FOUND", "the customer has no such account")
        return json_response(loyalty_json(await self._accounts.balance(account)))

    async def _list_transactions(self, request: web.Request, principal: Principal) -> web.Response:
        account = await self._account(request, principal)
        asked = paging(request, ())
        with_one_more = await self._in_list(self._accounts.transactions(account, _span(request, asked)))
        total = await self._accounts.count(account, limit=MAX_COUNTED, coupons=False)
        shown = with_one_more[: asked.size]
        after = shown[-1].id if len(with_one_more) > asked.size else None
        return page_response(request, _array(shown, transaction_json), asked, total=total, after=after)

    async def _list_rewards(self, _: web.Request, principal: Principal) -> web.Response:
        return json_response([reward_json(one) for one in self._ledger.program(principal.tenant).rewards])

    async def _redeem(self, request: web.Request, principal: Principal) -> web.Response:
        key = idempotency_key_of(request)
        asked = redemption_request(await self._access.body(request, principal.tenant))
        if isinstance(asked, Malformed):
            raise MalformedBodyError((asked,))
        account = await self._account(request, principal)
        reward_id, quantity = asked["rewardId"], asked.get("quantity", 1)
        order_id = asked.get("relatedOrderId")
        digest = hashlib.sha256(orjson.dumps(["redeem", reward_id, quantity, order_id])).hexdigest()
        details = Details(order_id=order_id, once=Once(f"key:{key}", digest) if key else None)
        entry = await self._ledger.redeem(account, reward_id, quantity, details)
        return json_response(redemption_json(await self._accounts.bought(entry)), status=201)

    async def _list_coupons(self, request: web.Request, principal: Principal) -> web.Response:
        account = await self._account(request, principal)
        asked = paging(request, ())
        with_one_more = await self._in_list(self._accounts.coupons(account, _span(request, asked)))
        total = await self._accounts.count(account, limit=MAX_COUNTED, coupons=True)
        shown = with_one_more[: asked.size]
        after = shown[-1].entry.id if len(with_one_more) > asked.size else None
        return page_response(request, _array(shown, coupon_json), asked, total=total, after=after)

    async def _get_coupon(self, request: web.Request, principal: Principal) -> web.Response:
        account = await self._account(request, principal)
        held = await self._accounts.coupon(account, request.match_info["couponId"])
        if held is None:
            raise ApiError(404, "NOT_FOUND", "the customer has no such coupon")
        return json_response(coupon_json(held))

    async def _account(self, request: web.Request, principal: Principal) -> Account:
        self._ledger.program(principal.tenant)
        customer = await self._find(principal.tenant, request.match_info["customerId"])
        if customer is None:
            raise ApiError(404, "NOT_FOUND", "there is no such customer")
        return Account(principal.tenant, customer.id)

    async def _in_list(self, page: Awaitable[list[_Element]]) -> list[_Element]:
        try:
            return await page
        except UnknownEntryError as error:
            raise InvalidCursorError("the page token is damaged or belongs to another list") from error


def _span(request: web.Request, asked: Paging) -> Span:
    """One more than the page tells whether there is a next one."""
    return Span(asked.size + 1, request.query.get("cursor"), asked.skip)


def _array(shown: Sequence[_Element], encode: Callable[[_Element], dict[str, Any]]) -> bytes:
    return orjson.dumps([encode(one) for one in shown])
