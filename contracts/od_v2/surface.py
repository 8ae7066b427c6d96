"""The 14 operations of Open Delivery v2, as contracts B.1 tables them, under both path styles."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One operation of the binding."""

    operation_id: str
    method: str
    paths: tuple[str, ...]
    """Below `/v2`: the path as seed 001 has it, then as seed 002 does where that differs."""
    scope: str
    """What a token needs, unless it has `od.crm` or `od.all` (contracts B.2)."""
    plural: str
    """What it takes or answers."""
    status: int
    """The status of success."""
    summary: str
    single: bool = False
    """Whether it takes or answers one object; otherwise a bare array of them."""

    @property
    def operation(self) -> str:
        """The name of the ingestion operation behind a POST."""
        return f"od.v2.{self.plural}"


def _both(path: str) -> tuple[str, str]:
    return path, f"/customers{path}"


_EVENTS = ("/customer/events", "/customers/events")

ENDPOINTS = (
    Endpoint("listCustomers", "GET", ("/customers",), "customer.read", "customers", 200, "List customers"),
    Endpoint(
        "upsertCustomer",
        "POST",
        ("/customers",),
        "customer.write",
        "customers",
        200,
        "Create or update customers in a batch",
    ),
    Endpoint(
        "getCustomerById",
        "GET",
        ("/customers/{id}",),
        "customer.read",
        "customers",
        200,
        "Get a customer by whatever it is called",
        single=True,
    ),
    Endpoint("listLeads", "GET", _both("/leads"), "customer.read", "leads", 200, "List leads"),
    Endpoint(
        "upsertLead",
        "POST",
        _both("/leads"),
        "lead.write",
        "leads",
        200,
        "Create or update leads in a batch",
    ),
    Endpoint("listOrders", "GET", _both("/orders"), "orders.crm.read", "orders", 200, "List orders"),
    Endpoint(
        "upsertOrders",
        "POST",
        _both("/orders"),
        "orders.crm.write",
        "orders",
        201,
        "Create or update orders in a batch",
    ),
    Endpoint(
        "getOrderById",
        "GET",
        _both("/orders/{id}"),
        "orders.crm.read",
        "orders",
        200,
        "Get an order",
        single=True,
    ),
    Endpoint(
        "createReview",
        "POST",
        _both("/reviews"),
        "review.write",
        "reviews",
        201,
        "Create a review",
        single=True,
    ),
    Endpoint("listReviews", "GET", _both("/reviews"), "customer.read", "reviews", 200, "List reviews"),
    Endpoint(
        "listCustomerReviews",
        "GET",
        ("/customers/{customerId}/reviews",),
        "customer.read",
        "reviews",
        200,
        "List a customer's reviews",
    ),
    Endpoint(
        "getReviewById",
        "GET",
        _both("/reviews/{id}"),
        "customer.read",
        "reviews",
        200,
        "Get a review",
        single=True,
    ),
    Endpoint(
        "publishCustomerEvent",
        "POST",
        _EVENTS,
        "customer.events.write",
        "events",
        202,
        "Publish a business fact",
        single=True,
    ),
    Endpoint("listCustomerEvents", "GET", _EVENTS, "customer.read", "events", 200, "List customer events"),
)
