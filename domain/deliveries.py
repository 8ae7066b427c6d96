"""Deliveries: one fact on its way to one endpoint."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Delivery:
    """One fact for one endpoint."""

    id: str
    """Of the endpoint and the fact: the same fact for the same endpoint is the same delivery."""
    endpoint_id: str
    tenant: str
    fact_id: str
    type: str
    lane: str
    """Whose fact it is: deliveries of one lane are made one after the other."""
    position: str
    """Its place in the lane."""
    made_at: int
    """When the fact was made, in milliseconds since the Unix epoch."""
    kept_at: int
    """When it was first kept, in milliseconds since the Unix epoch: its age counts from then."""
    body: bytes
    """What is sent and signed, the same at every attempt."""
    attempts: int = 0
    """How many were made."""
    due_at: int = 0
    """Not to be tried before, in milliseconds since the Unix epoch."""
    attempted_at: tuple[int, ...] = ()
    """When the newest of them were made, oldest first, in milliseconds since the Unix epoch."""
    trace: str = ""
    """W3C `traceparent` of the request that the fact came of, or empty."""
