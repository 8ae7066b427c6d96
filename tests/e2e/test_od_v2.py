"""Surface B, all the way, on both stacks: the seeds' examples, two dialects, batches, filters."""

import json
from itertools import pairwise
from typing import Any

import pytest
from yarl import URL

from tests.support.portico import Client

ENRICHED: dict[str, Any] = {
    "identifier": {"type": "external_id", "value": "crm:customer:93821"},
    "name": "Maria Silva",
    "contacts": {"emails": [{"email": "maria.silva@example.com", "isPrimary": True}]},
    "externalIds": [
        {"source": "PDV", "sourceName": "PDV Loja Centro", "key": "customerCode", "value": "C12345"}
    ],
    "metadata": {
        "restrictions": ["requiresManualReview"],
        "customRules": {"requiresManualReview": True},
        "customTags": ["vip"],
    },
}
MINIMAL = {"identifier": {"type": "phone", "value": "+5511999999999"}}
LEAD = {
    "id": "lead-001",
    "name": "Ana Souza",
    "contact": "ana.souza@example.com",
    "externalIds": [{"source": "CRM", "sourceName": "CRM Core", "key": "leadCode", "value": "L-1020"}],
}
ORDER = {"id": "ord-001", "status": "CONFIRMED", "customer": {"id": "C12345"}, "unknown": {"$kept": [1.50]}}
REVIEW = {
    "reviewId": "rev-001",
    "reviewType": "ORDER",
    "overallRating": {"ratingStyle": "STAR", "value": 4, "comment": "Fast delivery and good food."},
    "subject": {"orderId": "ord-001", "merchantId": "merchant-01"},
    "customer": {"customerId": "C12345", "email": "maria.silva@example.com"},
    "reviewDate": "2026-06-01T12:00:00Z",
    "source": {"system": "CRM", "channel": "DELIVERY_APP"},
}
EVENT = {
    "eventType": "ORDER_COMPLETED",
    "occurredAt": "2026-06-01T12:30:00Z",
    "customerId": "C12345",
    "data": {"orderId": "ord-001", "totalAmount": 7990, "currency": "BRL"},
}
ODP_CUSTOMER = {
    "id": "customer-123",
    "externalIds": ["app:123", "PDV:C777"],
    "name": "João Lima",
    "contacts": {"email": "joao@example.com", "phone": "+55-11-98888-0000"},
    "consent": {"marketing": True},
    "createdAt": "2026-03-01T10:00:00Z",
    "updatedAt": "2026-03-24T12:00:00Z",
}


def _without_output(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in ("id", "createdAt", "updatedAt")}


async def _post(client: Client, path: str, body: Any, **headers: str) -> tuple[int, bytes, str]:
    """POST; the status, the raw body and the ingestion id."""
    given = {
        "Authorization": f"Bearer {client.token}",
        **{n.replace("_", "-"): v for n, v in headers.items()},
    }
    async with client.session.post(client.url + path, json=body, headers=given) as response:
        return response.status, await response.read(), response.headers.get("Portico-Ingestion", "")


async def _counts(client: Client, ingestion: str) -> dict[str, int]:
    """The receipt's outcomes, once there is one."""
    _, receipt = await client.get(f"/v1/ingestions/{ingestion}", Prefer="wait=30")
    return {outcome: count for outcome, count in receipt["counts"].items() if count}


@pytest.mark.parametrize(
    ("path", "under_customers", "record", "status"),
    [
        ("/leads", "/customers/leads", [LEAD], 200),
        ("/orders", "/customers/orders", [ORDER], 201),
        ("/reviews", "/customers/reviews", REVIEW, 201),
        ("/customer/events", "/customers/events", EVENT, 202),
    ],
)
async def test_the_seeds_examples_under_both_paths(
    client: Client, path: str, under_customers: str, record: Any, status: int
) -> None:
    """Accepted without a body on one path, read back from the other, as it was sent."""
    answered, body, ingestion = await _post(client, f"/v2{path}", record)
    assert (status, b"") == (answered, body)

    found, listed = await client.get(f"/v2{under_customers}", Portico_After=ingestion)
    again, _, second = await _post(client, f"/v2{under_customers}", record)

    assert (200, status) == (found, again)
    sent = record if isinstance(record, list) else [record]
    assert sent == [{name: one[name] for name in sent[0]} for one in listed]
    assert {"unchanged": 1} == await _counts(client, second)


async def test_customers_in_a_batch_are_read_back_by_every_name(client: Client) -> None:
    """Both examples of the seed; bare arrays, and the enriched one found by each of its names."""
    status, body, ingestion = await _post(client, "/v2/customers", [ENRICHED, MINIMAL])
    assert (200, b"") == (status, body)

    _, listed = await client.get("/v2/customers", Portico_After=ingestion)
    assert sorted([json.dumps(ENRICHED), json.dumps(MINIMAL)]) == sorted(
        json.dumps(_without_output(one)) for one in listed
    )
    for name in ("crm:customer:93821", "C12345", "PDV:C12345", "external_id:crm:customer:93821"):
        status, found = await client.get(f"/v2/customers/{name}")
        assert (200, ENRICHED) == (status, _without_output(found))
    assert (404, "NOT_FOUND") == await _refused(client, "/v2/customers/nobody")


async def _refused(client: Client, path: str) -> tuple[int, str]:
    status, error = await client.get(path)
    assert {"code", "message"} <= error.keys()
    return status, error["code"]


async def test_one_customer_in_two_dialects(client: Client) -> None:
    """What A ingests B shows and changes, and A shows the newest word, its own members kept."""
    await client.post("/v1/customer/customers:ingest", {"customer": ODP_CUSTOMER}, Prefer="wait=20")
    await _post(client, "/v2/orders", [{"id": "o-1", "customer": {"id": "PDV:C777"}}], Prefer="wait=20")
    _, orders = await client.get("/v1/customer/orders?customerId=customer-123")
    assert ["o-1"] == [one["orderId"] for one in orders["orders"]]
    _, on_b = await client.get("/v2/customers/customer-123")
    assert ("João Lima", "+55-11-98888-0000") == (on_b["name"], on_b["contacts"]["phones"][0]["phone"])

    changed = {
        "identifier": {"type": "external_id", "value": "PDV:C777"},
        "name": "João de Lima",
        "metadata": {"vip": True},
        "updatedAt": "2026-04-01T00:00:00Z",
    }
    _, _, ingestion = await _post(client, "/v2/customers", [changed])
    assert {"updated": 1} == await _counts(client, ingestion)

    _, listed = await client.get("/v1/customer/customers")
    [on_a] = listed["customers"]
    assert ("customer-123", "João de Lima", {"marketing": True}) == (
        on_a["id"],
        on_a["name"],
        on_a["consent"],
    )
    _, again = await client.get("/v2/customers/app:123")
    assert ({"vip": True}, on_b["id"]) == (again["metadata"], again["id"])


async def test_parts_merge_and_null_clears(client: Client) -> None:
    """Absent is unchanged, collections unite, metadata merges, null clears."""
    for part in (
        {"name": "Ana", "contacts": {"emails": [{"email": "a@example.com"}]}, "metadata": {"a": 1, "b": 2}},
        {"contacts": {"emails": [{"email": "b@example.com"}]}, "metadata": {"b": 3}},
        {"name": None},
    ):
        await _post(client, "/v2/customers", [{**MINIMAL, **part}], Prefer="wait=20")

    _, found = await client.get("/v2/customers/phone:+5511999999999")

    assert "name" not in found
    assert ["a@example.com", "b@example.com"] == [one["email"] for one in found["contacts"]["emails"]]
    assert {"a": 1, "b": 3} == found["metadata"]


async def test_a_thousand_with_repeats_stale_and_malformed_are_counted_exactly(client: Client) -> None:
    """Strict refuses all of it and names the bad; lenient stores the good; the receipt adds up."""
    newest = [_customer(n, "2026-05-02T00:00:00Z", "new") for n in range(900)]
    repeats = [dict(newest[n]) for n in range(40)]
    stale = [_customer(n, "2026-05-01T00:00:00Z", "old") for n in range(100, 130)]
    malformed: list[Any] = [{"name": f"nobody {n}"} for n in range(30)]
    batch = [*newest, *repeats, *stale, *malformed]

    status, refused = await client.post("/v2/customers", batch)
    assert (400, 30) == (status, len(refused["details"]["fields"]))
    assert "/970/identifier is required" in refused["message"]

    status, body, ingestion = await _post(client, "/v2/customers", batch, Prefer="handling=lenient")
    verdicts = json.loads(body)["verdicts"]
    assert (200, 30) == (status, sum(one["status"] == "MALFORMED" for one in verdicts))
    assert {"created": 900, "unchanged": 40, "stale": 30, "dead": 30} == await _counts(client, ingestion)


def _customer(number: int, updated_at: str, name: str) -> dict[str, Any]:
    identifier = {"type": "custom", "value": f"c-{number}"}
    return {"identifier": identifier, "name": f"{name} {number}", "updatedAt": updated_at}


async def test_events_of_both_dialects_are_one_list(client: Client) -> None:
    """Latest first; a fact about a customer that nobody knows is accepted like any other."""
    fact = {
        "eventType": "order.cancelled",
        "entityType": "order",
        "occurredAt": "2026-06-02T00:00:00Z",
        "payload": {"customerId": "C12345", "orderId": "ord-002"},
    }
    await client.post("/v1/customer/events", {"event": fact}, Prefer="wait=20")
    await _post(client, "/v2/customer/events", EVENT, Prefer="wait=20")

    _, listed = await client.get("/v2/customer/events")
    _, filtered = await client.get("/v2/customer/events?eventType=ORDER_CANCELED&from=2026-06-01T00:00:00Z")

    assert ["order.cancelled", "ORDER_COMPLETED"] == [one["eventType"] for one in listed]
    assert ("C12345", fact["payload"]) == (listed[0]["customerId"], listed[0]["data"])
    assert ["order.cancelled"] == [one["eventType"] for one in filtered]


async def test_reviews_of_a_customer_and_a_review_that_contradicts_itself(client: Client) -> None:
    """By any name of the customer; unknown is 404; another content under the id is a conflict."""
    await _post(client, "/v2/customers", [ENRICHED], Prefer="wait=20")
    await _post(client, "/v2/reviews", REVIEW, Prefer="wait=20")

    for name in ("C12345", "crm:customer:93821"):
        assert (200, [REVIEW]) == await client.get(f"/v2/customers/{name}/reviews")
    assert (200, REVIEW) == await client.get("/v2/reviews/rev-001")
    assert (404, "NOT_FOUND") == await _refused(client, "/v2/customers/nobody/reviews")

    other = {**REVIEW, "overallRating": {"ratingStyle": "STAR", "value": 1}}
    status, error = await client.post("/v2/reviews", other, Prefer="wait=20")
    assert (409, "CONFLICT") == (status, error["code"])
    assert (200, REVIEW) == await client.get("/v2/reviews/rev-001")


async def test_filters_and_pages(client: Client) -> None:
    """Every filter of orders narrows, every page comes once, and the count is in a header."""
    orders: list[dict[str, Any]] = [
        {
            "id": f"ord-{n:03d}",
            "createdAt": f"2026-05-{n % 28 + 1:02d}T00:00:00Z",
            "salesChannel": "APP" if n % 2 else "WEB",
            "merchant": {"id": f"store-{n % 3}", "name": "S"},
            "customer": {"id": "C12345" if n % 5 == 0 else f"other-{n}"},
        }
        for n in range(60)
    ]
    await _post(client, "/v2/customers", [ENRICHED], Prefer="wait=20")
    await _post(client, "/v2/orders", orders, Prefer="wait=30")

    async def ids(query: str) -> set[str]:
        _, found = await client.get(f"/v2/orders?{query}")
        return {one["id"] for one in found}

    def where(keep: Any) -> set[str]:
        return {one["id"] for one in orders if keep(one)}

    assert where(lambda one: one["merchant"]["id"] == "store-1") == await ids("storeId=store-1")
    assert where(lambda one: one["salesChannel"] == "APP") == await ids("originChannel=APP")
    assert where(lambda one: one["customer"]["id"] == "C12345") == await ids("customerId=crm:customer:93821")
    pair = "customerIdentifierType=external_id&customerIdentifierValue=PDV:C12345"
    assert where(lambda one: one["customer"]["id"] == "C12345") == await ids(pair)
    both = "storeId=store-0&originChannel=WEB&createdFrom=2026-05-03T00:00:00Z&createdTo=2026-05-09T00:00:00Z"
    assert where(
        lambda one: (
            (one["merchant"]["id"], one["salesChannel"]) == ("store-0", "WEB")
            and "2026-05-03" <= one["createdAt"][:10] <= "2026-05-09"
        )
    ) == await ids(both)

    seen: list[str] = []
    path = "/v2/orders?pageSize=25"
    while path:
        headers = {"Authorization": f"Bearer {client.token}"}
        async with client.session.get(client.url + path, headers=headers) as response:
            assert "60" == response.headers["X-Total-Count"]
            seen += [one["id"] for one in await response.json()]
            path = str(URL(response.links["next"]["url"]).relative()) if response.links else ""
    assert sorted(where(lambda one: True)) == sorted(seen)
    assert all(one != other for one, other in pairwise(sorted(seen)))


async def test_an_ambiguous_name_is_refused(client: Client) -> None:
    """One value under two sources names nobody; with its source it does."""
    for source in ("PDV", "APP"):
        customer = {
            "identifier": {"type": "custom", "value": source},
            "externalIds": [{"source": source, "value": "same"}],
        }
        await _post(client, "/v2/customers", [customer], Prefer="wait=20")

    assert (400, "AMBIGUOUS_IDENTIFIER") == await _refused(client, "/v2/customers/same")
    status, found = await client.get("/v2/customers/APP:same")
    assert (200, "APP") == (status, found["identifier"]["value"])
