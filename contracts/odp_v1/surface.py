"""The seven operations of the ODP v1 binding, as contracts A.1 tables them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One operation of the binding."""

    operation_id: str
    method: str
    path: str
    scope: str
    """What a token needs."""
    plural: str
    """What it takes or answers."""
    summary: str

    @property
    def ingests(self) -> str | None:
        """The name of the ingestion operation behind it; None for a read."""
        return f"odp.v1.{self.plural}" if self.method == "POST" else None


ENDPOINTS = (
    Endpoint(
        "ingestCustomer",
        "POST",
        "/v1/customer/customers:ingest",
        "customer.write",
        "customers",
        "Ingest customers",
    ),
    Endpoint("getCustomers", "GET", "/v1/customer/customers", "customer.read", "customers", "List customers"),
    Endpoint(
        "ingestOrdersForCRM",
        "POST",
        "/v1/customer/orders:ingest",
        "orders.crm.write",
        "orders",
        "Ingest the customer view of orders",
    ),
    Endpoint(
        "getOrdersForCRM",
        "GET",
        "/v1/customer/orders",
        "orders.crm.read",
        "orders",
        "List the customer view of orders",
    ),
    Endpoint(
        "receiveCustomerEvent",
        "POST",
        "/v1/customer/events",
        "customer.events.write",
        "events",
        "Receive business facts",
    ),
    Endpoint("ingestLead", "POST", "/v1/customer/leads:ingest", "lead.write", "leads", "Ingest leads"),
    Endpoint(
        "ingestReview",
        "POST",
        "/v1/customer/reviews:ingest",
        "review.write",
        "reviews",
        "Ingest reviews (draft)",
    ),
)
