"""Callers without a good token, and those who ask for what is not theirs or not there."""

import base64
import json
import time
from dataclasses import replace

import pytest

from contracts.odp_v1.surface import ENDPOINTS, Endpoint
from tests.support.odp_v1_bodies import one
from tests.support.portico import Client
from tests.support.tokens import minted
from tests.support.wire import Reply, ask, ingest


def _unsigned() -> str:
    _, claims, _ = minted().split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    return f"Bearer {none}.{claims}."


def _tampered() -> str:
    header, _, signature = minted().split(".")
    other = base64.urlsafe_b64encode(json.dumps({"org": "other"}).encode()).rstrip(b"=").decode()
    return f"Bearer {header}.{other}.{signature}"


BAD = {
    "none": None,
    "empty": "",
    "another scheme": "Basic YTpi",
    "scheme alone": "Bearer",
    "no JWT": "Bearer abc",
    "three dots": "Bearer a.b.c",
    "not ASCII": "Bearer é",
    "endless": "Bearer " + "a" * 8000,
    "expired": f"Bearer {minted(exp=int(time.time()) - 60)}",
    "never expires": f"Bearer {minted(exp=None)}",
    "not yet": f"Bearer {minted(nbf=int(time.time()) + 7_200, exp=int(time.time()) + 10_800)}",
    "another audience": f"Bearer {minted(aud='somebody')}",
    "another issuer": f"Bearer {minted(iss='somebody')}",
    "no audience": f"Bearer {minted(aud=None)}",
    "no tenant": f"Bearer {minted(org=None)}",
    "tenant that is none": f"Bearer {minted(org={'$ne': ''})}",
    "another key": f"Bearer {minted(key='another-key-that-is-long-enough-for-hs256')}",
    "alg none": _unsigned(),
    "tampered": _tampered(),
}


@pytest.mark.parametrize("case", BAD)
async def test_a_bad_token_is_401(caller: Client, case: str) -> None:
    """With a challenge, on reads, writes and receipts alike; the token comes back nowhere."""
    replies = [
        await ask(caller, "GET", "/v1/customer/customers", None, {"Authorization": BAD[case]}),
        await ingest(caller, "leads", b"not even JSON", Authorization=BAD[case]),
        await ask(caller, "GET", "/v1/ingestions/x", None, {"Authorization": BAD[case]}),
    ]
    for reply in replies:
        assert {} == reply.refused(401, "UNAUTHORIZED")
        assert reply.headers["WWW-Authenticate"].startswith("Bearer")
        token = (BAD[case] or "").removeprefix("Bearer").strip()
        assert len(token) < 4 or token not in str(reply)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=[one.operation_id for one in ENDPOINTS])
async def test_a_missing_scope_is_403_that_names_it(caller: Client, tenant: str, endpoint: Endpoint) -> None:
    """Every other scope together is not enough; the one alone is."""
    others = {one.scope for one in ENDPOINTS} - {endpoint.scope}
    body = one(endpoint.plural) if endpoint.method == "POST" else None
    without = replace(caller, token=minted(tenant, " ".join(others)))
    reply = await ask(without, endpoint.method, endpoint.path, body)
    assert {"requiredScope": endpoint.scope} == reply.refused(403, "INSUFFICIENT_SCOPE")
    assert f'scope="{endpoint.scope}"' in reply.headers["WWW-Authenticate"]

    alone = replace(caller, token=minted(tenant, endpoint.scope))
    assert (await ask(alone, endpoint.method, endpoint.path, body)).status in (200, 202)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/v1",
        "/v1/customer",
        "/v1/customer/",
        "/v1/customer/customers/",
        "/v1/customer/nothing",
        "/v1/customer//customers",
        "/v1/customer/../ingestions/x/y",
        "/v1/customer/customers%2F..",
        "/v1/customer/customers:ingest:ingest",
        "/%00",
        "/%ff%fe",
    ],
)
async def test_an_unknown_path_is_404(caller: Client, path: str) -> None:
    """Without an echo of it."""
    for method in ("GET", "POST"):
        reply = await ask(caller, method, path, b"{}" if method == "POST" else None)
        assert {} == reply.refused(404, "NOT_FOUND")
        assert "there is nothing here" == reply.error["message"]


def _without_time(reply: Reply) -> bytes:
    return reply.body.replace(reply.error["timestamp"].encode(), b"")


async def test_another_tenants_id_answers_as_an_unknown_one(caller: Client) -> None:
    """Byte for byte, save the request id and the time (invariant 8)."""
    accepted = await ingest(caller, "leads", one("leads"), Prefer="wait=20")
    mine = accepted.headers["Portico-Ingestion"]
    assert 200 == (await ask(caller, "GET", f"/v1/ingestions/{mine}")).status

    stranger = replace(caller, token=minted("stranger"))
    unknown = mine[:-1] + ("0" if mine[-1] != "0" else "1")
    theirs = await ask(stranger, "GET", f"/v1/ingestions/{mine}")
    replies = [
        await ask(stranger, "GET", f"/v1/ingestions/{unknown}"),
        await ask(caller, "GET", f"/v1/ingestions/{unknown}"),
        await ask(stranger, "GET", f"/v1/ingestions/{mine}", None, {"Prefer": "wait=5"}),
        await ask(stranger, "GET", "/v1/ingestions/%00%ff"),
    ]
    assert {} == theirs.refused(404, "NOT_FOUND")
    for reply in replies:
        assert _without_time(theirs) == _without_time(reply)
        assert list(theirs.headers) == list(reply.headers)


METHODS = {
    "/v1/customer/customers": "GET, HEAD",
    "/v1/customer/orders": "GET, HEAD",
    "/v1/customer/customers:ingest": "POST",
    "/v1/customer/customers%3Aingest": "POST",
    "/v1/customer/orders%3aingest": "POST",
    "/v1/customer/events": "POST",
    "/v1/customer/openapi.json": "GET, HEAD",
    "/v1/ingestions/x": "GET",
    "/.well-known/opendelivery": "GET, HEAD, OPTIONS",
}


@pytest.mark.parametrize("path", METHODS)
async def test_a_wrong_method_is_405_that_allows_the_right_ones(caller: Client, path: str) -> None:
    """In the surface's error model, without an echo."""
    for method in ("PUT", "DELETE", "PATCH", "TRACE", "PROPFIND", "GET", "POST", "OPTIONS"):
        if method in METHODS[path]:
            continue
        reply = await ask(caller, method, path, b"{}" if method in ("PUT", "POST") else None)
        reply.refused(405, "METHOD_NOT_ALLOWED")
        assert METHODS[path] == reply.headers["Allow"]


async def test_the_token_endpoint_refuses_other_methods_in_its_own_words(caller: Client) -> None:
    """As RFC 6749 §5.2 has errors, for whoever has no form to answer in."""
    reply = await ask(caller, "GET", "/oauth/token")
    assert (405, "POST") == (reply.status, reply.headers["Allow"])
    assert "invalid_request" == reply.json["error"]


async def test_the_colon_may_be_percent_encoded(caller: Client) -> None:
    """`customers%3Aingest` is `customers:ingest` (contracts A.1)."""
    for path in ("/v1/customer/leads%3Aingest", "/v1/customer/leads%3aingest"):
        assert 202 == (await ask(caller, "POST", path, one("leads"))).status


async def test_head_answers_as_get_without_a_body(caller: Client) -> None:
    """Status, type and length are those of GET."""
    for path in ("/v1/customer/customers", "/v1/customer/openapi.json", "/.well-known/opendelivery"):
        got, head = await ask(caller, "GET", path), await ask(caller, "HEAD", path)
        assert (200, b"") == (head.status, head.body)
        for name in ("Content-Type", "Content-Length"):
            assert got.headers[name] == head.headers[name]


@pytest.mark.parametrize(
    ("given", "echoed"),
    [
        ("order-7/a:b", True),
        ("x" * 128, True),
        ("x" * 129, False),
        ("a b", False),
        ("é", False),
        ('{"a":1}', True),
        ("", False),
    ],
)
async def test_request_ids_are_echoed_or_replaced(caller: Client, given: str, echoed: bool) -> None:
    """One that is not 1 to 128 visible ASCII characters is replaced, in good and bad answers alike."""
    for path in ("/v1/customer/customers", "/nowhere"):
        reply = await ask(caller, "GET", path, None, {"X-Request-Id": given})
        assert echoed == (given == reply.headers["X-Request-Id"])
        assert reply.headers["X-Request-Id"].isascii()
