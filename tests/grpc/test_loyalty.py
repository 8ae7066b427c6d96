"""Loyalty over gRPC: the account, its ledger and the coupons; not there where loyalty is off."""

from collections.abc import AsyncIterator

import grpc
import pytest
import pytest_asyncio

from domain.loyalty.accounts import LoyaltyAccounts
from domain.loyalty.entries import Account
from domain.loyalty.ledger import Details, Ledger
from domain.loyalty.program import Programs
from gateway.grpc.pb.portico.v1 import loyalty_pb2 as pb
from gateway.grpc.pb.portico.v1.loyalty_pb2_grpc import LoyaltyStub
from storage.store import Store
from tests.support.grpc_world import OTHER, T0, TENANT, World, caller, customer, open_world
from tests.support.loyalty import PROGRAM

MARIA = customer()
ACCOUNT = Account(TENANT, MARIA.id)
NAME = f"customers/{MARIA.id}"
READ = caller(TENANT, ["customer.loyalty.read"])


@pytest.fixture
def ledger(store: Store) -> Ledger:
    """The ledger of a deployment in which one tenant has a programme."""
    return Ledger(store.loyalty, Programs(None, {TENANT: PROGRAM}), lambda: T0)


@pytest_asyncio.fixture
async def loyal(store: Store, ledger: Ledger) -> AsyncIterator[World]:
    """A server with loyalty, and one customer who earned and redeemed."""
    accounts = LoyaltyAccounts(store.loyalty, ledger, lambda: T0)
    async with open_world(store, loyalty=accounts) as world:
        await world.keep(MARIA)
        await ledger.earn(ACCOUNT, 600, Details(order_id="order-1", reason="welcome"))
        await ledger.redeem(ACCOUNT, "ten-off", 2)
        yield world


async def test_the_account(loyal: World) -> None:
    """With its balance and tier."""
    found = await LoyaltyStub(loyal.channel).GetLoyaltyAccount(
        pb.GetLoyaltyAccountRequest(customer=NAME), metadata=READ
    )

    assert (
        pb.LoyaltyAccount(
            uid=ACCOUNT.id,
            customer=NAME,
            program_id="program-default",
            status="ACTIVE",
            tier_code="silver",
            tier_name="Silver",
            points_available=100,
        )
        == found
    )


async def test_the_ledger_in_pages(loyal: World) -> None:
    """Newest first, with the ledger's own types."""
    stub = LoyaltyStub(loyal.channel)
    first = await stub.ListLoyaltyTransactions(
        pb.ListLoyaltyTransactionsRequest(customer=NAME, page_size=1), metadata=READ
    )
    second = await stub.ListLoyaltyTransactions(
        pb.ListLoyaltyTransactionsRequest(customer=NAME, page_size=1, page_token=first.next_page_token),
        metadata=READ,
    )

    [redeemed], [earned] = first.transactions, second.transactions
    assert "" == second.next_page_token
    assert (2, "redeem", -500, 100) == (
        redeemed.sequence,
        redeemed.type,
        redeemed.points,
        redeemed.balance_after,
    )
    assert ("earn", "order-1", "welcome", T0) == (
        earned.type,
        earned.order_id,
        earned.reason,
        earned.occur_time.ToMilliseconds(),
    )
    assert (True, False) == (earned.HasField("expire_time"), redeemed.HasField("expire_time"))


async def test_the_coupons(loyal: World) -> None:
    """One, worth both units."""
    found = await LoyaltyStub(loyal.channel).ListCoupons(pb.ListCouponsRequest(customer=NAME), metadata=READ)

    [coupon] = found.coupons
    assert ("discount", "20.00", "BRL", 2, "available", "ten-off") == (
        coupon.type,
        coupon.value,
        coupon.currency,
        coupon.quantity,
        coupon.status,
        coupon.reward_id,
    )


async def test_what_is_not_there(loyal: World) -> None:
    """Unknown customers, other tenants' and tenants without a programme; other lists' tokens."""
    other = customer(tenant=OTHER)
    await loyal.keep(other)
    theirs = caller(OTHER, ["customer.loyalty.read"])
    stub = LoyaltyStub(loyal.channel)
    codes = []
    for name, metadata in (
        ("customers/cust_none", READ),
        (NAME, theirs),
        (f"customers/{other.id}", theirs),
        ("orders/1", READ),
        (NAME, caller()),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.GetLoyaltyAccount(pb.GetLoyaltyAccountRequest(customer=name), metadata=metadata)
        codes.append(caught.value.code().name)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.ListCoupons(pb.ListCouponsRequest(customer=NAME, page_token="x"), metadata=READ)

    assert ["NOT_FOUND"] * 3 + ["INVALID_ARGUMENT", "PERMISSION_DENIED"] == codes
    assert "INVALID_ARGUMENT" == caught.value.code().name


async def test_without_loyalty_there_is_no_service(world: World) -> None:
    """UNIMPLEMENTED, as any service that is not there."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await LoyaltyStub(world.channel).GetLoyaltyAccount(
            pb.GetLoyaltyAccountRequest(customer=NAME), metadata=READ
        )

    assert grpc.StatusCode.UNIMPLEMENTED == caught.value.code()
