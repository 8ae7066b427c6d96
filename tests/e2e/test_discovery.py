"""What Portico says of itself: the discovery document and the OpenAPI documents."""

import pytest
import yaml

from contracts.odp_v1.surface import ENDPOINTS
from tests.support.portico import Client
from tests.support.wire import ask

PATH = "/.well-known/opendelivery"


async def test_discovery_is_public_and_readable_by_browsers(caller: Client) -> None:
    """No token, no redirect, CORS for any origin, cached for a minute (contracts A.6)."""
    reply = await ask(caller, "GET", PATH, None, {"Authorization": None, "Origin": "https://example.com"})
    assert (200, "application/json") == (reply.status, reply.headers["Content-Type"])
    assert "*" == reply.headers["Access-Control-Allow-Origin"]
    assert "public, max-age=60" == reply.headers["Cache-Control"]
    preflight = await ask(caller, "OPTIONS", PATH, None, {"Access-Control-Request-Method": "GET"})
    assert (204, b"") == (preflight.status, preflight.body)
    assert "GET" in preflight.headers["Access-Control-Allow-Methods"]


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/json", 200),
        ("*/*", 200),
        ("text/html, application/*;q=0.1", 200),
        ("text/html", 406),
        ("application/json;q=0, */*", 406),
        ("application/json;q=0.000", 406),
        ("é,;;=", 406),
        ("", 200),
    ],
)
async def test_who_takes_no_json_is_told_so(caller: Client, accept: str, status: int) -> None:
    """406 in the nested error model."""
    reply = await ask(caller, "GET", PATH, None, {"Accept": accept})
    assert status == reply.status
    if status == 406:
        reply.refused(406, "NOT_ACCEPTABLE")


async def test_discovery_lists_what_is_served(caller: Client) -> None:
    """The seven operations and nothing else; each of them answers."""
    document = (await ask(caller, "GET", PATH)).json
    [nested] = document["discovery"]["capabilities"]
    assert {endpoint.operation_id for endpoint in ENDPOINTS} == set(nested["operations"])
    for endpoint in ENDPOINTS:
        body = b"{}" if endpoint.method == "POST" else None
        assert (await ask(caller, endpoint.method, endpoint.path, body)).status in (200, 400)


async def test_both_openapi_documents_are_one(caller: Client) -> None:
    """Public, as JSON and as YAML, and for the address that is served."""
    as_json = await ask(caller, "GET", "/v1/customer/openapi.json", None, {"Authorization": None})
    as_yaml = await ask(caller, "GET", "/v1/customer/openapi.yaml", None, {"Authorization": None})
    assert ("application/json", "application/yaml") == (
        as_json.headers["Content-Type"],
        as_yaml.headers["Content-Type"].partition(";")[0],
    )
    assert as_json.json == yaml.safe_load(as_yaml.body)
    assert ("3.1.0", [{"url": caller.url}]) == (as_json.json["openapi"], as_json.json["servers"])
