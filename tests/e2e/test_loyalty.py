"""The loyalty extension of a running Portico: points in by hand and by order, out as coupons."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.support.portico import COMMAND, SECRETS, Client
from tests.support.rabbitmq import RabbitNode
from tests.support.stacks import Stack, embedded_stack, production_stack
from tests.support.tokens import minted

FILE = Path(__file__).parent / "loyalty.toml"
LOYALTY = "/v2/customers/cust-001/loyalty"


@pytest.fixture(scope="session", params=["embedded", "production"])
async def portico(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    rabbitmq_session: RabbitNode,
    mongodb_url: str,
) -> AsyncIterator[Stack]:
    """Each stack in turn, with a loyalty programme."""
    home, programme = tmp_path_factory.mktemp("loyalty"), {"PORTICO_LOYALTY_FILE": str(FILE)}
    if request.param == "embedded":
        opened = embedded_stack(home, **programme)
    else:
        name = f"portico_loyalty_{uuid.uuid4().hex[:8]}"
        opened = production_stack(
            home,
            amqp_url=rabbitmq_session.url,
            queue=name,
            mongodb_url=mongodb_url,
            database=name,
            **programme,
        )
    async with opened as stack:
        yield stack


@pytest.fixture
async def customer(portico: Stack, tenant: str) -> AsyncIterator[Client]:
    """A client of a tenant that knows one customer."""
    async with aiohttp.ClientSession() as session:
        client = Client(session, portico.gateway.url, minted(tenant))
        await client.post("/v1/customer/customers:ingest", a_customer("cust-001"), Prefer="wait=20")
        yield client


def a_customer(name: str) -> dict[str, Any]:
    """A customer of surface A whose id is `name`."""
    customer = {"id": name, "externalIds": [], "name": "Ana", "contacts": {}, "consent": {}}
    return {
        "customer": {**customer, "createdAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-01T00:00:00Z"}
    }


async def send_orders(client: Client, *orders: dict[str, Any]) -> None:
    """Post orders of surface B, and wait until they are applied."""
    headers = {"Authorization": f"Bearer {client.token}", "Prefer": "wait=20"}
    async with client.session.post(f"{client.url}/v2/orders", json=orders, headers=headers) as response:
        assert response.status == 201, await response.text()


async def tell(portico: Stack, tenant: str, *words: str, status: int = 0) -> str:
    """What `portico loyalty` says to `words` about the customer."""
    process = await asyncio.create_subprocess_exec(
        *(str(COMMAND), "loyalty", *words, "--tenant", tenant, "--customer", "cust-001"),
        env={**os.environ, **SECRETS, **portico.beside},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert status == process.returncode, said.decode()
    return said.decode()


async def test_points_by_hand_buy_a_coupon(portico: Stack, customer: Client, tenant: str) -> None:
    """Earned at the command line, redeemed over REST, seen in the account, its ledger and the coupons."""
    said = await tell(portico, tenant, "earn", "--points", "600", "--order", "order-9")
    assert "+600\t600\torder-9" in said

    status, rewards = await customer.get("/v2/loyalty/rewards")
    assert (200, [True, True, False]) == (status, [one["available"] for one in rewards])

    body = {"rewardId": "ten-off", "quantity": 2}
    status, redeemed = await customer.post(f"{LOYALTY}/redemptions", body)
    assert 201 == status
    coupon = redeemed["coupon"]
    assert ("discount", 21, "BRL", 2, "available", "loyalty") == tuple(
        coupon[name] for name in ("type", "value", "currency", "quantity", "status", "source")
    )

    status, account = await customer.get(f"{LOYALTY}/accounts")
    assert (200, "ACTIVE", {"code": "silver", "name": "Silver"}, "store-1", "program-default") == (
        status,
        *(account[name] for name in ("status", "tier", "merchantId", "programId")),
    )
    assert {"pointsAvailable": 100, "pointsPending": 0, "pointsExpiringSoon": 0} == account["summary"]
    assert (200, account) == await customer.get(f"{LOYALTY}/accounts/{account['accountId']}")

    status, transactions = await customer.get(f"{LOYALTY}/transactions")
    assert [("burn", -500), ("earn", 600)] == [(one["type"], one["amount"]) for one in transactions]
    assert (redeemed["transactionId"], "order-9") == (
        transactions[0]["id"],
        transactions[1]["relatedOrderId"],
    )

    assert (200, [coupon]) == await customer.get("/v2/customers/cust-001/coupons")
    assert (200, coupon) == await customer.get(f"/v2/customers/cust-001/coupons/{coupon['id']}")


async def test_a_concluded_order_earns_once(customer: Client) -> None:
    """However often it is sent and however far it gets; one of nobody known earns when it comes again."""
    order = {
        "id": "order-1",
        "status": "CONFIRMED",
        "customer": {"id": "cust-001"},
        "total": {"orderAmount": {"value": 50.25, "currency": "BRL"}},
    }
    await send_orders(customer, order, {**order, "id": "order-2", "customer": {"id": "cust-002"}})
    assert (200, []) == await customer.get(f"{LOYALTY}/transactions")

    concluded = {**order, "status": "CONCLUDED"}
    dangling = {**concluded, "id": "order-2", "customer": {"id": "cust-002"}}
    for _ in range(2):
        await send_orders(customer, concluded, dangling)
    await send_orders(customer, {**concluded, "note": "again"})

    _, [earned] = await customer.get(f"{LOYALTY}/transactions")
    assert ("earn", 100, "order-1") == (earned["type"], earned["amount"], earned["relatedOrderId"])

    await customer.post("/v1/customer/customers:ingest", a_customer("cust-002"), Prefer="wait=20")
    await send_orders(customer, dangling)
    _, account = await customer.get("/v2/customers/cust-002/loyalty/accounts")
    assert 100 == account["summary"]["pointsAvailable"]


async def test_a_redemption_is_made_once_a_key(portico: Stack, customer: Client, tenant: str) -> None:
    """Its repeat gets the same coupon; the key with another request is refused."""
    for _ in range(2):
        await tell(portico, tenant, "earn", "--points", "150", "--key", "gift")

    answers = [
        await customer.post(f"{LOYALTY}/redemptions", {"rewardId": "coffee"}, Idempotency_Key="key-1")
        for _ in range(2)
    ]
    status, refused = await customer.post(
        f"{LOYALTY}/redemptions", {"rewardId": "coffee", "quantity": 2}, Idempotency_Key="key-1"
    )

    assert answers[0] == answers[1]
    assert (409, "IDEMPOTENCY_CONFLICT") == (status, refused["code"])
    _, account = await customer.get(f"{LOYALTY}/accounts")
    assert 50 == account["summary"]["pointsAvailable"]


async def test_parallel_redemptions_of_the_last_points(portico: Stack, customer: Client, tenant: str) -> None:
    """One gets the coupon, the others are told why not."""
    await tell(portico, tenant, "adjust", "--points", "100", "--reason", "a present")

    answers = await asyncio.gather(
        *(customer.post(f"{LOYALTY}/redemptions", {"rewardId": "coffee"}) for _ in range(30))
    )

    assert [201, *[409] * 29] == sorted(status for status, _ in answers)
    assert {"INSUFFICIENT_BALANCE"} == {answer["code"] for status, answer in answers if status == 409}
    status, coupons = await customer.get("/v2/customers/cust-001/coupons")
    assert (200, 1) == (status, len(coupons))


MISSING = [
    ("/v2/customers/nobody/loyalty/accounts", 404, "NOT_FOUND"),
    ("/v2/customers/nobody/loyalty/transactions", 404, "NOT_FOUND"),
    ("/v2/customers/nobody/coupons", 404, "NOT_FOUND"),
    (f"{LOYALTY}/accounts/acc-another", 404, "NOT_FOUND"),
    ("/v2/customers/cust-001/coupons/cpn_none", 404, "NOT_FOUND"),
    ("/v2/customers/cust-001/coupons/none", 404, "NOT_FOUND"),
    (f"{LOYALTY}/transactions?pageSize=0", 400, "INVALID_PARAMETER"),
    (f"{LOYALTY}/transactions?cursor=none", 400, "INVALID_PARAMETER"),
    (f"{LOYALTY}/transactions?page=1000000", 400, "INVALID_PARAMETER"),
]

REFUSED: list[tuple[Any, int, str]] = [
    ({"rewardId": "coffee"}, 409, "INSUFFICIENT_BALANCE"),
    ({"rewardId": "gone"}, 409, "REWARD_UNAVAILABLE"),
    ({"rewardId": "none"}, 404, "NOT_FOUND"),
    ({"rewardId": "coffee", "quantity": 0}, 400, "INVALID_PAYLOAD"),
    ({"rewardId": "coffee", "quantity": 1.5}, 400, "INVALID_PAYLOAD"),
    ({"rewardId": "coffee", "quantity": 10**30}, 400, "INVALID_PAYLOAD"),
    ({"rewardId": ""}, 400, "INVALID_PAYLOAD"),
    ({}, 400, "INVALID_PAYLOAD"),
    ([], 400, "INVALID_PAYLOAD"),
    ("text", 400, "INVALID_PAYLOAD"),
]


async def test_what_is_refused(customer: Client) -> None:
    """Answered flat, as everywhere on this surface; and no points move."""
    for path, status, code in MISSING:
        answered, answer = await customer.get(path)
        assert (status, code, True) == (answered, answer["code"], bool(answer["message"])), path

    for body, status, code in REFUSED:
        answered, answer = await customer.post(f"{LOYALTY}/redemptions", body)
        assert (status, code) == (answered, answer["code"]), body
    assert (200, []) == await customer.get(f"{LOYALTY}/transactions")


async def test_scopes(customer: Client, tenant: str) -> None:
    """Reading points, spending them and looking at coupons are different rights."""
    paths = {
        "customer.loyalty.read": ("GET", f"{LOYALTY}/accounts"),
        "customer.loyalty.write": ("POST", f"{LOYALTY}/redemptions"),
        "customer.coupon.validate": ("GET", "/v2/customers/cust-001/coupons"),
    }
    for scope in paths:
        client = Client(customer.session, customer.url, minted(tenant, scope))
        for needed, (method, path) in paths.items():
            calls = client.get(path) if method == "GET" else client.post(path, {"rewardId": "none"})
            status, answer = await calls
            assert (status != 403) == (scope == needed), answer


async def test_lists_have_pages(portico: Stack, customer: Client, tenant: str) -> None:
    """Newest first, with a link to what is older, which no other customer's list takes."""
    await tell(portico, tenant, "earn", "--points", "250")
    for _ in range(2):
        await customer.post(f"{LOYALTY}/redemptions", {"rewardId": "coffee"})
    headers = {"Authorization": f"Bearer {customer.token}"}

    url: str | None = f"{LOYALTY}/transactions?pageSize=2"
    amounts = []
    while url:
        async with customer.session.get(customer.url + url, headers=headers) as response:
            assert "3" == response.headers["X-Total-Count"]
            amounts.append([one["amount"] for one in await response.json()])
            link = response.links.get("next")
            url = str(link["url"]).removeprefix(customer.url) if link else None

    assert [[-100, -100], [250]] == amounts


async def test_an_operator_mends_an_account(portico: Stack, customer: Client, tenant: str) -> None:
    """Restorations and expiries, and what is refused in words."""
    earned = (await tell(portico, tenant, "earn", "--points", "100")).split("\t")[0]
    status, redeemed = await customer.post(f"{LOYALTY}/redemptions", {"rewardId": "coffee"})
    assert 201 == status
    said = await tell(portico, tenant, "reverse", "--transaction", earned, "--reason", "cancelled", status=2)
    assert "100 points are needed, 0 are available" in said

    transaction = redeemed["transactionId"]
    await tell(portico, tenant, "restore", "--transaction", transaction, "--reason", "not handed out")
    status, coupon = await customer.get(f"/v2/customers/cust-001/coupons/{redeemed['coupon']['id']}")
    assert (200, "cancelled") == (status, coupon["status"])

    assert "-100\t0" in await tell(portico, tenant, "expire", "--as-of", "2999-01-01")
    assert "0 points" in await tell(portico, tenant, "show")


async def test_discovery_says_so(customer: Client) -> None:
    """The extension is named, with its operations, where it is on."""
    _, document = await customer.get("/.well-known/opendelivery")

    [capability] = document["capabilities"]
    assert ["loyalty"] == capability["extensions"]
    assert "createCustomerLoyaltyRedemption" in capability["operations"]
    assert "customer.loyalty.write" in document["authentication"]["scopes"]
