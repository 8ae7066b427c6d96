"""The seeds' own examples, all the way: posted over REST, read over REST and gRPC, looked at in the store."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from gateway.grpc.pb.portico.v1 import (
    customers_pb2,
    customers_pb2_grpc,
    events_pb2,
    events_pb2_grpc,
    ingestions_pb2,
    ingestions_pb2_grpc,
    leads_pb2,
    leads_pb2_grpc,
    orders_pb2,
    orders_pb2_grpc,
    reviews_pb2,
    reviews_pb2_grpc,
)
from storage.driver import open_database
from tests.support.portico import Client
from tests.support.stacks import Stack

LEAD = {"lead": {"id": "lead-7", "source": "campaign", "status": "new", "customerRef": "customer-123"}}
REVIEW = {"review": {"id": "review-3", "referenceType": "order", "score": 4.5, "comment": "Fast."}}
ORDER = {
    "order": {
        "orderId": "order-55",
        "customerId": "customer-123",
        "salesChannel": "app",
        "timestamps": {"createdAt": "2026-03-24T12:00:00Z", "completedAt": "2026-03-24T12:40:00Z"},
    }
}


@pytest.fixture
def customer(seeds: Path) -> dict[str, Any]:
    """The example of ingestCustomer."""
    found: dict[str, Any] = json.loads((seeds / "ingest_customer.json").read_text())
    return found


def _metadata(client: Client) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {client.token}"),)


async def _stored(stack: Stack, collection: str, tenant: str) -> list[dict[str, Any]]:
    async with open_database(stack.mongodb_url, stack.database, driver="pymongo") as database:
        return await database.collection(collection).find({"tenant": tenant})


async def test_the_customer(stack: Stack, client: Client, tenant: str, customer: dict[str, Any]) -> None:
    """Accepted, stored, and read back over REST as it was sent and over gRPC in canonical terms."""
    status, answer = await client.post("/v1/customer/customers:ingest", customer)
    assert (202, "ACCEPTED") == (status, answer["status"])
    after = answer["correlationId"]

    status, listed = await client.get("/v1/customer/customers", Portico_After=after)
    assert (200, {"customers": [customer["customer"]]}) == (status, listed)

    async with grpc.aio.insecure_channel(stack.gateway.grpc) as channel:
        customers = customers_pb2_grpc.CustomersStub(channel)
        found = await customers.LookupCustomer(
            customers_pb2.LookupCustomerRequest(logical_id="customer-123"),
            metadata=_metadata(client),
            timeout=10,
        )
        again = await customers.GetCustomer(
            customers_pb2.GetCustomerRequest(name=found.name), metadata=_metadata(client), timeout=10
        )
    assert found == again
    assert "Maria Souza" == found.display_name
    assert ["+5511999990000"] == [phone.normalized for phone in found.phones]
    assert customer["customer"] == json.loads(found.sources[0].json)

    [document] = await _stored(stack, "customers", tenant)
    assert (found.uid, 1, "active") == (document["_id"], document["revision"], document["fields"]["status"])
    assert [{"source": "app", "value": "123"}, {"source": "crm", "value": "ABC-9"}] == document["fields"][
        "external_ids"
    ]
    assert datetime(2026, 3, 24, 12, tzinfo=UTC) == document["fields"]["source_updated_at"]


async def test_the_customer_is_found_by_every_key(
    stack: Stack, client: Client, customer: dict[str, Any]
) -> None:
    """Logical id, external id, e-mail address and phone number lead to one customer."""
    await client.post("/v1/customer/customers:ingest", customer, Prefer="wait=20")
    requests = [
        customers_pb2.LookupCustomerRequest(logical_id="customer-123"),
        customers_pb2.LookupCustomerRequest(
            external_id=customers_pb2.ExternalId(source="crm", value="ABC-9")
        ),
        customers_pb2.LookupCustomerRequest(email="Maria@Example.com"),
        customers_pb2.LookupCustomerRequest(phone="+55 11 99999 0000"),
    ]

    async with grpc.aio.insecure_channel(stack.gateway.grpc) as channel:
        customers = customers_pb2_grpc.CustomersStub(channel)
        found = [
            await customers.LookupCustomer(one, metadata=_metadata(client), timeout=10) for one in requests
        ]

    assert ["Maria Souza"] * 4 == [one.display_name for one in found]
    assert 1 == len({one.uid for one in found})


async def test_the_event(stack: Stack, client: Client, tenant: str, seeds: Path) -> None:
    """A fact is stored once, however often it is received."""
    event = json.loads((seeds / "receive_customer_event.json").read_text())
    status, _ = await client.post("/v1/customer/events", event, Prefer="wait=20")
    again, answer = await client.post("/v1/customer/events", event, Prefer="wait=20")
    assert (202, 202) == (status, again)
    assert 1 == answer["receipt"]["counts"]["unchanged"]

    async with grpc.aio.insecure_channel(stack.gateway.grpc) as channel:
        listed = await events_pb2_grpc.EventsStub(channel).ListEvents(
            events_pb2.ListEventsRequest(), metadata=_metadata(client), timeout=10
        )
    [found] = listed.events
    assert "customer.updated" == found.event_type
    assert event["event"] == json.loads(found.sources[0].json)
    [document] = await _stored(stack, "events", tenant)
    assert "logical:customer-123" == document["fields"]["customer_ref"]


async def test_lead_order_and_review(
    stack: Stack, client: Client, customer: dict[str, Any], tenant: str
) -> None:
    """The other three operations, read over gRPC by the sender's ids; orders over REST too."""
    for path, body in (
        ("customers:ingest", customer),
        ("leads:ingest", LEAD),
        ("orders:ingest", ORDER),
        ("reviews:ingest", REVIEW),
    ):
        status, answer = await client.post(f"/v1/customer/{path}", body, Prefer="wait=20")
        assert (202, 1) == (status, answer["receipt"]["counts"]["created"])

    assert (200, {"orders": [ORDER["order"]]}) == await client.get("/v1/customer/orders")
    assert (200, {"orders": []}) == await client.get("/v1/customer/orders?customerId=somebody-else")

    metadata = _metadata(client)
    async with grpc.aio.insecure_channel(stack.gateway.grpc) as channel:
        lead = await leads_pb2_grpc.LeadsStub(channel).GetLead(
            leads_pb2.GetLeadRequest(name="leads/lead-7"), metadata=metadata, timeout=10
        )
        review = await reviews_pb2_grpc.ReviewsStub(channel).GetReview(
            reviews_pb2.GetReviewRequest(name="reviews/review-3"), metadata=metadata, timeout=10
        )
        found = await customers_pb2_grpc.CustomersStub(channel).LookupCustomer(
            customers_pb2.LookupCustomerRequest(logical_id="customer-123"), metadata=metadata, timeout=10
        )
        orders = await orders_pb2_grpc.OrdersStub(channel).ListOrders(
            orders_pb2.ListOrdersRequest(customer=found.name), metadata=metadata, timeout=10
        )
    assert ("campaign", "new") == (lead.source, lead.status)
    assert 4.5 == review.rating.value
    assert ["CONCLUDED"] == [order.status for order in orders.orders]
    assert 1 == len(await _stored(stack, "reviews", tenant))


async def test_the_receipt_over_rest_and_grpc(stack: Stack, client: Client, customer: dict[str, Any]) -> None:
    """The ingestion's receipt says the same on both."""
    _, answer = await client.post("/v1/customer/customers:ingest", customer)
    ingestion = answer["correlationId"]

    async with grpc.aio.insecure_channel(stack.gateway.grpc) as channel:
        done = await ingestions_pb2_grpc.IngestionsStub(channel).WaitIngestion(
            ingestions_pb2.WaitIngestionRequest(name=f"ingestions/{ingestion}"),
            metadata=_metadata(client),
            timeout=20,
        )
    status, receipt = await client.get(f"/v1/ingestions/{ingestion}")

    assert (200, "done", 1) == (status, receipt["status"], receipt["counts"]["created"])
    assert 1 == done.counts.created
    assert isinstance(done.done_time, Timestamp)


async def test_a_stream_brings_everything_in_batches(
    stack: Stack, client: Client, customer: dict[str, Any]
) -> None:
    """A pull from a point in time has every customer, and its token goes on behind them."""
    batch = [{**customer["customer"], "id": f"customer-{n}", "externalIds": []} for n in range(700)]
    status, answer = await client.post(
        "/v1/customer/customers:ingest", {"customers": batch}, Prefer="wait=30"
    )
    assert (202, 700) == (status, answer["receipt"]["counts"]["created"])

    async with grpc.aio.insecure_channel(stack.gateway.grpc) as channel:
        customers = customers_pb2_grpc.CustomersStub(channel)
        seen: set[str] = set()
        token, batches = "", 0
        while len(seen) < 700:
            stream = customers.StreamCustomers(
                customers_pb2.StreamCustomersRequest(resume_token=token),
                metadata=_metadata(client),
                timeout=30,
            )
            async for part in stream:
                batches += 1
                token = part.resume_token
                assert not seen & {one.uid for one in part.customers}
                seen |= {one.uid for one in part.customers}
    assert 700 == len(seen)
    assert batches < 20
