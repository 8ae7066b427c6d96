"""Dead letters of deliveries. Ids are derived: written again, it is the same letter."""

import hashlib

from domain.deliveries import Delivery
from domain.endpoints import Endpoint
from domain.ingestion_id import base32
from domain.receipts import DeadLetter
from ingestor.webhooks.messages import OPERATION

STAGE = "webhook"
GAVE_UP = "WEBHOOK_GAVE_UP"


def letter_of_delivery(delivery: Delivery, endpoint: Endpoint, reason: str, now: int) -> DeadLetter:
    """The dead letter of a delivery that is given up; it stands for no record: those are stored."""
    digest = hashlib.sha256(f"{STAGE}\x1f{delivery.id}".encode()).digest()
    return DeadLetter(
        id=f"dl_{base32(int.from_bytes(digest[:16], 'big'), 128)}",
        tenant=delivery.tenant,
        operation=OPERATION,
        ingestion_id="",
        index=None,
        stage=STAGE,
        code=GAVE_UP,
        message=f"the endpoint took no delivery: {reason}",
        pointer="",
        body=delivery.body,
        headers={"endpoint": endpoint.id, "fact": delivery.fact_id, "type": delivery.type},
        attempts=delivery.attempts,
        records=0,
        accepted_at=delivery.made_at,
        first_seen=now,
        last_seen=now,
        attempted_at=delivery.attempted_at,
    )
