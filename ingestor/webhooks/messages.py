"""Deliveries as messages of their queue."""

import hashlib

from domain.clock import Clock
from domain.deliveries import Delivery
from domain.endpoints import Endpoint
from domain.errors import MessageError
from domain.facts import Fact
from domain.tracing import TRACEPARENT, traceparent_of
from ingestor.webhooks.customers import called
from ingestor.webhooks.envelope import envelope
from messaging.port import Message

OPERATION = "webhook"
_MOST_TYPE = 120


def message_of(fact: Fact, endpoint: Endpoint, customer_id: str | None) -> Message:
    """The message that carries `fact` to `endpoint`."""
    whose = customer_id or fact.customer_ref or fact.record_id
    headers = {
        "portico-operation": OPERATION,
        "portico-tenant": fact.tenant,
        "portico-endpoint": endpoint.id,
        "portico-fact": fact.id,
        "portico-type": fact.type[:_MOST_TYPE],
        # A digest: what names a customer may be of any length, and personal.
        "portico-lane": hashlib.sha256(whose.encode()).hexdigest()[:32],
        "portico-position": f"{fact.position}.{fact.id}",
        "portico-made-at": str(fact.made_at),
        **({TRACEPARENT: fact.trace} if fact.trace else {}),
    }
    return Message(headers, envelope(fact, customer_id or called(fact)))


def delivery_of(message: Message, clock: Clock) -> Delivery:
    """The delivery that `message_of` made a message of. Raises MessageError."""
    headers, now = message.headers, clock()
    try:
        endpoint_id, fact_id = headers["portico-endpoint"], headers["portico-fact"]
        return Delivery(
            id=f"{endpoint_id}.{fact_id}",
            endpoint_id=endpoint_id,
            tenant=headers["portico-tenant"],
            fact_id=fact_id,
            type=headers["portico-type"],
            lane=headers["portico-lane"],
            position=headers["portico-position"],
            made_at=int(headers["portico-made-at"]),
            kept_at=now,
            body=message.body,
            due_at=now,
            trace=traceparent_of(headers.get(TRACEPARENT)),
        )
    except (KeyError, ValueError) as error:
        raise MessageError("the message is not a webhook delivery") from error
