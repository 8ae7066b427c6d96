"""Lists of Open Delivery v2: parameters, ranges, pages and cursors that are wrong."""

import pytest

from tests.support.od_v2_bodies import body, example
from tests.support.od_v2_wire import post
from tests.support.portico import Client
from tests.support.tokens import minted
from tests.support.wire import ask

NAIVE = "2026-06-01T12:00:00"
_LATER, _SOON = "2026-06-02T00:00:00Z", "2026-06-01T00:00:00Z"
_TIMES = ("", "now", "2026-03-24", NAIVE, "1774353600", "2026-02-30T00:00:00Z", "%FF", f"{_SOON}%00")
_NAMES = {
    "/v2/customers": ("customerIdentifierValue", "externalId", "merchantId"),
    "/v2/leads": ("externalId",),
    "/v2/orders": ("customerId", "storeId", "originChannel", "customerIdentifierValue"),
    "/v2/reviews": ("customerId", "orderId", "merchantId", "customerIdentifierValue"),
    "/v2/customer/events": ("customerId", "eventType"),
}
_RANGES = {
    "/v2/customers": ("updatedFrom", "updatedTo"),
    "/v2/leads": ("updatedFrom", "updatedTo"),
    "/v2/orders": ("updatedFrom", "updatedTo", "createdFrom", "createdTo"),
    "/v2/reviews": ("createdFrom", "createdTo"),
    "/v2/customer/events": ("from", "to"),
}


@pytest.mark.parametrize("path", _NAMES)
async def test_a_bad_filter_is_named(client: Client, path: str) -> None:
    """400 INVALID_PARAMETER, without an echo of the value."""
    bad = [
        *[(name, value) for name in _NAMES[path] for value in ("", "x" * 513)],
        *[(name, value) for name in _RANGES[path] for value in _TIMES],
        *[("page", value) for value in ("", "0", "-1", "x", "9" * 30)],
        *[("pageSize", value) for value in ("0", "501", "all")],
        *[("cursor", value) for value in ("", "x", "%FF", "AAAA")],
    ]
    for name, value in bad:
        kind = "customerIdentifierType=phone&" if name == "customerIdentifierValue" else ""
        reply = await ask(client, "GET", f"{path}?{kind}{name}={value}")
        details = reply.refused_flat(400, "INVALID_PARAMETER")
        assert [name] == [field["parameter"] for field in details["fields"]]
        assert len(value) < 4 or value not in reply.flat_error["message"]


@pytest.mark.parametrize("path", ["/v2/customers", "/v2/orders", "/v2/reviews"])
async def test_half_an_identifier_or_one_of_no_kind_is_named(client: Client, path: str) -> None:
    """Type and value go together, and the types are five."""
    for query, named in (
        ("customerIdentifierType=phone", "customerIdentifierValue"),
        ("customerIdentifierValue=1", "customerIdentifierType"),
        ("customerIdentifierType=cpf&customerIdentifierValue=1", "customerIdentifierType"),
    ):
        details = (await ask(client, "GET", f"{path}?{query}")).refused_flat(400, "INVALID_PARAMETER")
        assert named == details["fields"][0]["parameter"]


async def test_odd_names_find_nobody(client: Client) -> None:
    """Whatever is asked for is a value, and never a query."""
    for odd in ("%00", "%24ne", "%7B%22%24ne%22%3A1%7D", "%FF", "logical:x", "id:", ":", "%2F", "a&x[$ne]=1"):
        for path, names in _NAMES.items():
            for name in names:
                kind = "customerIdentifierType=email&" if name == "customerIdentifierValue" else ""
                reply = await ask(client, "GET", f"{path}?{kind}{name}={odd}")
                assert (200, b"[]") == (reply.status, reply.body), (path, name, odd)


async def test_two_ranges_of_time_are_refused(client: Client) -> None:
    """No index has both; two ends of one range are fine, also when nothing is between them."""
    reply = await ask(client, "GET", f"/v2/orders?updatedFrom={_SOON}&createdTo={_LATER}")
    details = reply.refused_flat(400, "INVALID_PARAMETER")
    assert "createdTo" == details["fields"][0]["parameter"]
    assert "another range" in details["fields"][0]["message"]
    for query in (f"createdFrom={_SOON}&createdTo={_LATER}", f"updatedFrom={_LATER}&updatedTo={_SOON}"):
        assert b"[]" == (await ask(client, "GET", f"/v2/orders?{query}")).body


async def test_page_numbers_reach_ten_thousand_rows(client: Client) -> None:
    """Beyond them, 400 that names the list's filters and the cursor (ruling R7)."""
    for path, names in _RANGES.items():
        assert 200 == (await ask(client, "GET", f"{path}?page=20&pageSize=500")).status
        details = (await ask(client, "GET", f"{path}?page=201")).refused_flat(400, "INVALID_PARAMETER")
        assert {*names, *_NAMES[path]} <= set(details["filters"])
        assert "cursor" == details["cursor"]


async def test_a_cursor_goes_on_in_its_own_list_alone(client: Client, tenant: str) -> None:
    """Another list's, another tenant's, another filter's, another surface's are refused alike."""
    orders = body("orders", *[{"id": f"o-{n}", "createdAt": _SOON} for n in range(3)])
    customers = [example("customers", identifier={"type": "custom", "value": f"{n}"}) for n in range(3)]
    await post(client, "customers", body("customers", *customers), Prefer="wait=20")
    await post(client, "orders", orders, Prefer="wait=20")
    first = await ask(client, "GET", "/v2/orders?pageSize=2")
    follow = first.headers["Link"].partition("<")[2].partition(">")[0]
    assert [1, "3"] == [
        len((await ask(client, "GET", follow)).json),
        first.headers["X-Total-Count"],
    ]

    other = Client(client.session, client.url, minted(f"{tenant}-other"))
    replies = [
        await ask(client, "GET", follow.replace("/orders", "/customers")),
        await ask(client, "GET", follow.replace("/orders", "/leads")),
        await ask(client, "GET", follow + "&originChannel=APP"),
        await ask(client, "GET", follow + f"&createdFrom={_SOON}"),
        await ask(other, "GET", follow),
    ]
    for reply in replies:
        details = reply.refused_flat(400, "INVALID_PARAMETER")
        assert "cursor" == details["fields"][0]["parameter"]
    assert 1 == len({reply.flat_error["message"] for reply in replies})
