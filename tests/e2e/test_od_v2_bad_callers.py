"""Callers of Open Delivery v2 without a good token, and those who ask for what is not theirs or not there."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from contracts.od_v2.examples import EXAMPLES
from contracts.od_v2.surface import ENDPOINTS, Endpoint
from tests.e2e.test_bad_callers import BAD
from tests.support.od_v2_bodies import body, example
from tests.support.od_v2_wire import post
from tests.support.portico import Client
from tests.support.tokens import minted
from tests.support.wire import Reply, ask

OPERATIONS = [pytest.param(one, id=one.operation_id) for one in ENDPOINTS]


async def call(caller: Client, endpoint: Endpoint, path: str, **headers: str | None) -> Reply:
    """The operation at one of its paths, about nobody, or with the example record."""
    sent = body(endpoint.plural, example(endpoint.plural)) if endpoint.method == "POST" else None
    return await ask(
        caller, endpoint.method, "/v2" + re.sub(r"\{\w+\}", "nobody", path), sent, headers or None
    )


@pytest.mark.parametrize("case", BAD)
async def test_a_bad_token_is_401(caller: Client, case: str) -> None:
    """With a challenge, before anything else is looked at; the token comes back nowhere."""
    replies = [
        await ask(caller, "GET", "/v2/customers?page=x", None, {"Authorization": BAD[case]}),
        await ask(caller, "GET", "/v2/customers/nobody", None, {"Authorization": BAD[case]}),
        await post(caller, "leads", b"not even JSON", Authorization=BAD[case]),
    ]
    for reply in replies:
        assert {} == reply.refused_flat(401, "UNAUTHORIZED")
        assert reply.headers["WWW-Authenticate"].startswith("Bearer")
        token = (BAD[case] or "").removeprefix("Bearer").strip()
        assert len(token) < 4 or token not in str(reply)


@pytest.mark.parametrize("endpoint", OPERATIONS)
async def test_every_path_needs_a_token_and_its_scope(
    caller: Client, tenant: str, endpoint: Endpoint
) -> None:
    """`od.crm`, `od.all` or the matching v1 scope (contracts B.2); every other scope is not enough."""
    others = {one.scope for one in ENDPOINTS} - {endpoint.scope}
    for path in endpoint.paths:
        (await call(caller, endpoint, path, Authorization=None)).refused_flat(401, "UNAUTHORIZED")
        without = replace(caller, token=minted(tenant, " ".join(others)))
        refused = await call(without, endpoint, path)
        assert {"requiredScope": endpoint.scope} == refused.refused_flat(403, "INSUFFICIENT_SCOPE")
        assert f'scope="{endpoint.scope}"' in refused.headers["WWW-Authenticate"]
        for scope in ("od.crm", "od.all", endpoint.scope):
            reply = await call(replace(caller, token=minted(tenant, scope)), endpoint, path)
            assert reply.status == (404 if "{" in path else endpoint.status)


@pytest.mark.parametrize(
    "path",
    [
        *("/v2", "/v2/", "/v2/nothing", "/v2/customer", "/v2/customers/", "/v2/customers/a/b", "/v2//leads"),
        *("/v2/leads/lead-001", "/v2/customers/a/reviews/b", "/v2/orders/", "/v2/orders/a/b"),
        *("/v2/customer/events/x", "/v2/%00", "/v2/customers%2Fleads"),
    ],
)
async def test_an_unknown_path_is_404(caller: Client, path: str) -> None:
    """Flat, and without an echo of it."""
    for method in ("GET", "POST"):
        reply = await ask(caller, method, path, b"{}" if method == "POST" else None)
        assert {} == reply.refused_flat(404, "NOT_FOUND")
        assert "there is nothing here" == reply.flat_error["message"]


ODD = ["nobody", "%00", "%FF", "%24ne", "a%2Fb", "phone:", ":x", "id:x", "x" * 3000, "cust_" + "0" * 26, "."]


@pytest.mark.parametrize("odd", ODD, ids=[one[:30] for one in ODD])
async def test_what_nobody_knows_is_404(caller: Client, odd: str) -> None:
    """A customer, an order, a review, and a customer's reviews (contracts B.1)."""
    for path in (f"/v2/customers/{odd}/reviews", f"/v2/customers/x{odd}", f"/v2/orders/x{odd}"):
        assert {} == (await ask(caller, "GET", path)).refused_flat(404, "NOT_FOUND"), path
    for path in ("/v2/reviews", "/v2/customers/orders", "/v2/customers/reviews"):
        (await ask(caller, "GET", f"{path}/x{odd}")).refused_flat(404, "NOT_FOUND")


METHODS = {
    "/v2/customers": "GET, HEAD, POST",
    "/v2/customers/x": "GET, HEAD",
    "/v2/leads": "GET, HEAD, POST",
    "/v2/customers/leads": "GET, HEAD, POST",
    "/v2/orders": "GET, HEAD, POST",
    "/v2/customers/orders": "GET, HEAD, POST",
    "/v2/orders/x": "GET, HEAD",
    "/v2/customers/orders/x": "GET, HEAD",
    "/v2/reviews": "GET, HEAD, POST",
    "/v2/customers/reviews": "GET, HEAD, POST",
    "/v2/reviews/x": "GET, HEAD",
    "/v2/customers/x/reviews": "GET, HEAD",
    "/v2/customer/events": "GET, HEAD, POST",
    "/v2/customers/events": "GET, HEAD, POST",
    "/v2/openapi.json": "GET, HEAD",
}


@pytest.mark.parametrize("path", METHODS)
async def test_a_wrong_method_is_405_that_allows_the_right_ones(caller: Client, path: str) -> None:
    """Flat; HEAD answers as GET does, without the body."""
    for method in ("PUT", "DELETE", "PATCH", "TRACE", "POST", "OPTIONS"):
        if method in METHODS[path]:
            continue
        reply = await ask(caller, method, path, b"{}" if method in ("PUT", "POST") else None)
        reply.refused_flat(405, "METHOD_NOT_ALLOWED")
        assert METHODS[path] == reply.headers["Allow"]
    got, head = await ask(caller, "GET", path), await ask(caller, "HEAD", path)
    assert (got.status, b"") == (head.status, head.body)
    for name in ("Content-Type", "Content-Length"):
        assert got.headers[name] == head.headers[name]


def _without_request_id(reply: Reply) -> list[tuple[str, str]]:
    return [(name, value) for name, value in reply.headers.items() if name not in ("X-Request-ID", "Date")]


async def _known(caller: Client) -> list[str]:
    """Paths of things that exist for the caller, by all kinds of names."""
    for plural in EXAMPLES:
        await post(caller, plural, body(plural, example(plural)), Prefer="wait=20")
    [customer] = (await ask(caller, "GET", "/v2/customers")).json
    names = (customer["id"], "crm:customer:93821", "C12345", "PDV:C12345", "external_id:crm:customer:93821")
    return [
        *[f"/v2/customers/{name}{rest}" for name in names for rest in ("", "/reviews")],
        *("/v2/orders/ord-001", "/v2/customers/orders/ord-001", "/v2/reviews/rev-001"),
    ]


async def test_another_tenants_things_answer_as_unknown_ones(caller: Client, tenant: str) -> None:
    """Byte for byte and header for header, save the request id (invariant 8); lists stay empty."""
    stranger = replace(caller, token=minted(f"{tenant}-other"))
    for path in await _known(caller):
        assert 200 == (await ask(caller, "GET", path)).status, path
        theirs = await ask(stranger, "GET", path)
        head, _, tail = path.removeprefix("/v2/").replace("customers/orders", "orders", 1).partition("/")
        unknown = await ask(stranger, "GET", f"/v2/{head}/unknown{'/reviews' if '/reviews' in tail else ''}")
        assert {} == theirs.refused_flat(404, "NOT_FOUND")
        assert unknown.body == theirs.body
        assert _without_request_id(unknown) == _without_request_id(theirs)
    for query in (
        *("customers?externalId=C12345", "orders?customerId=cust-001", "reviews?orderId=ord-001"),
        *(
            "customers",
            "leads",
            "orders",
            "reviews",
            "customer/events",
            "customer/events?customerId=cust-001",
        ),
        "customers?customerIdentifierType=external_id&customerIdentifierValue=crm:customer:93821",
    ):
        assert b"[]" != (await ask(caller, "GET", f"/v2/{query}")).body, query
        assert b"[]" == (await ask(stranger, "GET", f"/v2/{query}")).body, query


async def test_the_same_ids_in_two_tenants_are_two_things(caller: Client, tenant: str) -> None:
    """What one writes the other never sees."""
    other = replace(caller, token=minted(f"{tenant}-other"))
    for client, status in ((caller, "CONFIRMED"), (other, "CANCELLED")):
        await post(client, "orders", body("orders", example("orders", status=status)), Prefer="wait=20")
    for client, status in ((caller, "CONFIRMED"), (other, "CANCELLED")):
        assert status == (await ask(client, "GET", "/v2/orders/ord-001")).json["status"]


async def test_an_ambiguous_name_is_400_wherever_it_is_used(caller: Client) -> None:
    """In paths and in filters (contracts B.1); with its source it is nobody else's."""
    twins: list[dict[str, Any]] = [
        {
            "identifier": {"type": "custom", "value": source},
            "externalIds": [{"source": source, "value": "same"}],
        }
        for source in ("PDV", "APP")
    ]
    await post(caller, "customers", json.dumps(twins).encode(), Prefer="wait=20")
    for path in (
        *("customers/same", "customers/same/reviews", "customers?externalId=same"),
        *("orders?customerId=same", "reviews?customerId=same", "customer/events?customerId=same"),
    ):
        reply = await ask(caller, "GET", f"/v2/{path}")
        assert {} == reply.refused_flat(400, "AMBIGUOUS_IDENTIFIER"), path
    [found] = (await ask(caller, "GET", "/v2/customers?externalId=PDV:same")).json
    assert "PDV" == found["identifier"]["value"]
