"""Lists over REST: parameters, pages, and cursors that see every record once."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.odp_v1_bodies import example
from tests.support.portico import Client
from tests.support.tokens import minted
from tests.support.wire import Reply, ask, ingest

CUSTOMERS = "/v1/customer/customers"
ORDERS = "/v1/customer/orders"


@pytest.mark.parametrize(
    ("query", "named"),
    [
        *[
            (f"page={value}", "page")
            for value in ("", "0", "-1", "1.0", "1e3", "x", "%D9%A1", "9" * 30, "%00")
        ],
        *[(f"pageSize={value}", "pageSize") for value in ("0", "501", "-5", "all", "%2B5", "")],
        *[
            (f"updatedAfter={value}", "updatedAfter")
            for value in (
                *("", "now", "2026-03-24", "2026-03-24T12:00:00", "1774353600", "2026-02-30T00:00:00Z"),
                *("2026-03-24T25:00:00Z", "10000-01-01T00:00:00Z"),
                *("%FF", "2026-03-24T12:00:00Z%00", "2026-03-24T12:00:00+99:00"),
            )
        ],
        *[(f"cursor={value}", "cursor") for value in ("", "x", "%FF", "A" * 2000, "////", "AAAA")],
        ("pageSize=5&page=x", "page"),
    ],
)
async def test_a_bad_parameter_is_named(client: Client, query: str, named: str) -> None:
    """400 INVALID_PARAMETER, without an echo of the value."""
    for path in (CUSTOMERS, ORDERS):
        reply = await ask(client, "GET", f"{path}?{query}")
        details = reply.refused(400, "INVALID_PARAMETER")
        assert [named] == [field["parameter"] for field in details["fields"]]


async def test_a_bad_customer_id_is_named(client: Client) -> None:
    """Empty, or longer than any id."""
    for value in ("", "x" * 513):
        details = (await ask(client, "GET", f"{ORDERS}?customerId={value}")).refused(400, "INVALID_PARAMETER")
        assert "customerId" == details["fields"][0]["parameter"]
    for odd in ("%00", "%24ne", "%7B%22%24ne%22%3A1%7D", "%FF", "logical:x", "&nothing=1"):
        assert {"orders": []} == (await ask(client, "GET", f"{ORDERS}?customerId=a{odd}")).json


async def test_page_numbers_reach_ten_thousand_rows(client: Client) -> None:
    """Beyond them, 400 that names the filters and the cursor (ruling R7)."""
    assert 200 == (await ask(client, "GET", f"{CUSTOMERS}?page=20&pageSize=500")).status
    for query in ("page=21&pageSize=500", "page=201", "page=10001&pageSize=1", "page=999999999"):
        details = (await ask(client, "GET", f"{CUSTOMERS}?{query}")).refused(400, "INVALID_PARAMETER")
        assert {"filters": ["updatedAfter"], "cursor": "cursor"} == details


async def _ingested(client: Client, count: int) -> list[str]:
    """Customers in groups of 50 that share their `updatedAt`; their ids in order."""
    start = datetime(2026, 3, 1, tzinfo=UTC)
    customers = [
        example(
            "customers",
            id=f"c-{n:04}",
            externalIds=[],
            contacts={},
            updatedAt=(start + timedelta(hours=n // 50)).isoformat(),
        )
        for n in range(count)
    ]
    body = json.dumps({"customers": customers}).encode()
    reply = await ingest(client, "customers", body, Prefer="wait=30")
    assert count == reply.json["receipt"]["counts"]["created"]
    return [customer["id"] for customer in customers]


def _next(reply: Reply) -> str | None:
    link = reply.headers.get("Link")
    if link is None:
        return None
    found = re.fullmatch(r'<([^>]+)>; rel="next"', link)
    assert found is not None, link
    return found[1]


def _ids(reply: Reply) -> list[str]:
    assert 200 == reply.status, reply
    return [customer["id"] for customer in reply.json["customers"]]


@pytest.mark.parametrize(
    "query", ["", "?pageSize=70", "?page=1&pageSize=125", "?updatedAfter=2026-02-01T00:00:00%2B01:00"]
)
async def test_following_link_sees_everything_once(client: Client, query: str) -> None:
    """Through ties on `updatedAt`, whatever the size of a page."""
    ids = await _ingested(client, 620)
    seen: list[str] = []
    path: str | None = CUSTOMERS + query
    while path is not None:
        reply = await ask(client, "GET", path)
        assert "620" == reply.headers["X-Total-Count"]
        seen += _ids(reply)
        path = _next(reply)
    assert len(ids) == len(seen)
    assert set(ids) == set(seen)
    assert [n // 50 for n in range(620)] == [int(one[2:]) // 50 for one in seen]


async def test_pages_by_number_and_filters(client: Client) -> None:
    """50 a page unless asked otherwise; `updatedAfter` is strict; without either, the first 500."""
    await _ingested(client, 620)
    assert 500 == len(_ids(await ask(client, "GET", CUSTOMERS)))
    pages = [await ask(client, "GET", f"{CUSTOMERS}?page={n}") for n in (1, 13, 14)]
    assert [50, 20, 0] == [len(_ids(page)) for page in pages]
    assert [True, False, False] == [_next(page) is not None for page in pages]
    after = "2026-03-01T11:00:00"
    for zone in ("Z", "%2B00:00", "+00:00", ".000Z"):
        assert 20 == len(_ids(await ask(client, "GET", f"{CUSTOMERS}?updatedAfter={after}{zone}")))


async def test_every_header_of_a_page_is_documented(client: Client) -> None:
    """How many there are, which page this is, and how long it may be; what HTTP itself has needs no word."""
    await _ingested(client, 3)
    page = await ask(client, "GET", f"{CUSTOMERS}?page=1&pageSize=2")
    assert ("3", "1", "2") == tuple(page.headers[name] for name in ("X-Total-Count", "X-Page", "X-Page-Size"))
    document = (await ask(client, "GET", "/v1/customer/openapi.json")).json
    answer = document["paths"][CUSTOMERS]["get"]["responses"]["200"]
    documented = {name.lower() for name in answer["headers"]}
    assert {name.lower() for name in page.headers if name.startswith("X-")} <= documented


async def test_a_cursor_goes_on_in_its_own_list_alone(client: Client) -> None:
    """Another tenant's, another list's, another filter's and a changed one are refused alike."""
    await _ingested(client, 60)
    follow = _next(await ask(client, "GET", f"{CUSTOMERS}?pageSize=50"))
    assert follow is not None
    assert 10 == len(_ids(await ask(client, "GET", follow)))

    stranger = replace(client, token=minted("a-stranger"))
    changed = re.sub(r"cursor=(.)", lambda found: f"cursor={'A' if found[1] != 'A' else 'B'}", follow)
    replies = [
        await ask(stranger, "GET", follow),
        await ask(client, "GET", follow.replace(CUSTOMERS, ORDERS)),
        await ask(client, "GET", follow + "&updatedAfter=2020-01-01T00:00:00Z"),
        await ask(client, "GET", changed),
    ]
    for reply in replies:
        reply.refused(400, "INVALID_PARAMETER")
        assert "cursor" == reply.error["details"]["fields"][0]["parameter"]
    assert 1 == len({reply.error["message"] for reply in replies})
