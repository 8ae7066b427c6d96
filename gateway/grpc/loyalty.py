"""The service `Loyalty`."""

from collections.abc import Awaitable
from typing import TypeVar

from domain.loyalty.accounts import LoyaltyAccounts, Span
from domain.loyalty.entries import Account
from domain.loyalty.errors import NoProgramError, UnknownEntryError
from domain.reading import Reader
from domain.records import Entity
from gateway.grpc.call import current
from gateway.grpc.mapping_loyalty import write_account, write_coupon, write_transaction
from gateway.grpc.names import CUSTOMERS
from gateway.grpc.pb.portico.v1 import loyalty_pb2 as pb
from gateway.grpc.pb.portico.v1.loyalty_pb2_grpc import LoyaltyServicer
from gateway.grpc.reads import page_limit
from gateway.grpc.refusal import RefusedError
from gateway.paging import InvalidCursorError

_T = TypeVar("_T")


class LoyaltyService(LoyaltyServicer):
    """Reads of loyalty accounts."""

    def __init__(self, accounts: LoyaltyAccounts, reader: Reader) -> None:
        """`reader` has the customers."""
        self._accounts = accounts
        self._reader = reader

    async def GetLoyaltyAccount(
        self, request: pb.GetLoyaltyAccountRequest, context: object
    ) -> pb.LoyaltyAccount:
        """A customer's account."""
        message = pb.LoyaltyAccount()
        try:
            balance = await self._accounts.balance(await self._account(request.customer))
        except NoProgramError as error:
            raise RefusedError.not_found("the tenant has no loyalty programme") from error
        write_account(balance, message)
        return message

    async def ListLoyaltyTransactions(
        self, request: pb.ListLoyaltyTransactionsRequest, context: object
    ) -> pb.ListLoyaltyTransactionsResponse:
        """One page of movements."""
        account, limit = await self._account(request.customer), page_limit(request.page_size)
        span = Span(limit + 1, request.page_token or None)
        found = await _in_list(self._accounts.transactions(account, span))
        more = found[limit - 1].id if len(found) > limit else ""
        response = pb.ListLoyaltyTransactionsResponse(next_page_token=more)
        for entry in found[:limit]:
            write_transaction(entry, response.transactions.add())
        return response

    async def ListCoupons(self, request: pb.ListCouponsRequest, context: object) -> pb.ListCouponsResponse:
        """One page of coupons."""
        account, limit = await self._account(request.customer), page_limit(request.page_size)
        span = Span(limit + 1, request.page_token or None)
        found = await _in_list(self._accounts.coupons(account, span))
        more = found[limit - 1].entry.id if len(found) > limit else ""
        response = pb.ListCouponsResponse(next_page_token=more)
        for held in found[:limit]:
            write_coupon(held, response.coupons.add())
        return response

    async def _account(self, customer: str) -> Account:
        tenant = current().tenant
        customer_id = CUSTOMERS.stored_id(tenant, customer)
        if not await self._reader.get_many(Entity.CUSTOMER, tenant, [customer_id]):
            raise CUSTOMERS.not_found()
        return Account(tenant, customer_id)


async def _in_list(page: Awaitable[list[_T]]) -> list[_T]:
    try:
        return await page
    except UnknownEntryError as error:
        raise InvalidCursorError("the page token is of another list") from error
