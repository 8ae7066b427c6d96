"""Open Delivery v2 as its callers see it: paths, statuses, and requests byte for byte."""

from tests.support.portico import Client
from tests.support.wire import Reply, ask

PATHS = {
    "customers": "/v2/customers",
    "leads": "/v2/leads",
    "orders": "/v2/orders",
    "reviews": "/v2/reviews",
    "events": "/v2/customer/events",
}
"""The first path of each."""

SUCCESS = {"customers": 200, "leads": 200, "orders": 201, "reviews": 201, "events": 202}
"""What a POST is answered with."""


async def post(caller: Client, plural: str, sent: bytes, **headers: str | None) -> Reply:
    """POST `sent` to the operation that takes `plural`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await ask(caller, "POST", PATHS[plural], sent, named)
