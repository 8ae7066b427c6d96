"""What an endpoint receives: the envelope of contracts B.11, and its signature."""

import hashlib
import hmac
from typing import Any

import orjson

from domain.clock import from_millis
from domain.facts import Fact


def envelope(fact: Fact, customer: str | None) -> bytes:
    """The JSON body; `customer` is what the customer is called, where that is known.

    The payload's own text goes into it: of a received event, what its sender wrote.
    """
    members: dict[str, Any] = {
        "id": fact.id,
        "eventType": fact.type,
        "occurredAt": from_millis(fact.occurred_at).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        **({"customerId": customer} if customer else {}),
        **fact.names,
        "payload": orjson.Fragment(fact.payload),
    }
    return orjson.dumps(members)


def signature(body: bytes, secret: str) -> str:
    """HMAC-SHA256 of the raw body, in lower-case hex (contracts B.11)."""
    return hmac.digest(secret.encode(), body, hashlib.sha256).hex()
