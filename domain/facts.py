"""Facts: what subscribers are told of. Kept with the record they are about until they are on their way."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

Subscribed = Callable[[str], bool]
"""Whether anybody is told of a tenant's facts; where nobody is, none are made."""


def nobody(tenant: str) -> bool:
    """No tenant's facts are told to anybody."""
    return False


class Webhook(StrEnum):
    """The two webhooks of Open Delivery v2 (contracts B.11)."""

    CUSTOMER = "customerEvent"
    LOYALTY = "loyaltyEvent"


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened; made again from the same cause, it has the same id."""

    id: str
    webhook: Webhook
    type: str
    """Such as `customer.created`; of a received event, the type that its sender gave it."""
    tenant: str
    occurred_at: int
    """Milliseconds since the Unix epoch."""
    made_at: int
    """By our clock, in milliseconds since the Unix epoch."""
    position: str
    """Facts of one customer are told in this order."""
    record_id: str
    customer_id: str | None
    """Where it is about a customer himself."""
    customer_ref: str | None
    """How the record names its customer, where it is another record of his."""
    payload: str
    """JSON text."""
    names: Mapping[str, str | Mapping[str, str]]
    """Further members of the envelope, such as `orderId`."""
    trace: str = ""
    """W3C `traceparent` of the request that it came of, or empty."""


def position(made_at: int, revision: int, number: int) -> str:
    """The place of a fact among others: by our clock, and within a record in the order of its changes."""
    return f"{made_at:015d}.{revision:010d}.{number:04d}"
