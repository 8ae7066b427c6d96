"""Dead letters as the ingestor makes them. Ids are derived: written again, it is the same letter."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.ingestion_id import base32
from domain.receipts import DeadLetter, RecordResult
from domain.records import Fault, Outcome
from messaging.envelope import Ingestion
from messaging.port import Message

ATTEMPTS_EXHAUSTED = Fault("ATTEMPTS_EXHAUSTED", "every attempt to store this ended the ingestor")
BROKER_GAVE_UP = "BROKER_GAVE_UP"
IDEMPOTENCY_CONFLICT = Fault("IDEMPOTENCY_CONFLICT", "the idempotency key was used with another body before")
INTERNAL_ERROR = Fault("INTERNAL_ERROR", "the ingestor failed on this; its log has the details")
UNKNOWN_OPERATION = Fault("UNKNOWN_OPERATION", "no contract has this operation")

_MAX_REASON = 40


@dataclass(frozen=True, slots=True)
class Circumstances:
    """When and where a record was given up."""

    stage: str
    """`decode`, `write` or `delivery`."""
    now: int
    """Our clock, in milliseconds since the Unix epoch."""
    attempted_at: tuple[int, ...] = ()
    """When it was attempted, by the same clock; empty where this is the first attempt."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Of the message, to be kept beside what the ingestion says itself."""


def letter_of_record(
    ingestion: Ingestion, index: int, fault: Fault, body: bytes, circumstances: Circumstances
) -> DeadLetter:
    """The dead letter of one record; `body` is the record's own bytes."""
    return _letter(ingestion, index, fault, body, 1, circumstances)


def letter_of_body(ingestion: Ingestion, fault: Fault, circumstances: Circumstances) -> DeadLetter:
    """The dead letter of an ingestion whose body is at fault as a whole."""
    records = max(1, ingestion.records)
    return _letter(ingestion, None, fault, ingestion.body, records, circumstances)


def letter_of_message(message: Message, reason: str, *, now: int) -> DeadLetter:
    """The dead letter of a message that breaks the message contract; nobody's tenant is known."""
    return DeadLetter(
        id=_id("message", message.id, hashlib.sha256(message.body).hexdigest()),
        tenant="",
        operation="",
        ingestion_id="",
        index=None,
        stage="decode",
        code="UNDECODABLE_MESSAGE",
        message=reason,
        pointer="",
        body=message.body,
        headers=dict(message.headers),
        attempts=1,
        records=1,
        accepted_at=0,
        first_seen=now,
        last_seen=now,
        attempted_at=(now,),
    )


def broker_gave_up(message: Message) -> Fault:
    """Why `message` was found in the broker's own dead-letter queue, in the broker's word."""
    reason = message.headers.get("x-first-death-reason", "")[:_MAX_REASON] or "for a reason it did not name"
    return Fault(BROKER_GAVE_UP, f"the broker gave the message up: {reason}")


def brokers_headers(message: Message) -> dict[str, str]:
    """What the broker noted on `message`: which queue gave it up, when, why and how often."""
    return {name: value for name, value in message.headers.items() if name.startswith("x-")}


def result_of(letter: DeadLetter) -> RecordResult:
    """The line that a receipt has for a dead letter."""
    return RecordResult(letter.index or 0, Outcome.DEAD, letter.code, letter.message, letter.pointer)


def _letter(
    ingestion: Ingestion,
    index: int | None,
    fault: Fault,
    body: bytes,
    records: int,
    circumstances: Circumstances,
) -> DeadLetter:
    attempted_at = circumstances.attempted_at or (circumstances.now,)
    return DeadLetter(
        id=_id(ingestion.id, str(index), ingestion.digest),
        tenant=ingestion.tenant,
        operation=ingestion.operation,
        ingestion_id=ingestion.id,
        index=index,
        stage=circumstances.stage,
        code=fault.code,
        message=fault.message,
        pointer=fault.pointer,
        body=body,
        headers={
            **circumstances.headers,
            "principal": ingestion.principal,
            "traceparent": ingestion.trace,
        },
        attempts=len(attempted_at),
        records=records,
        accepted_at=ingestion.accepted_at,
        first_seen=circumstances.now,
        last_seen=circumstances.now,
        attempted_at=attempted_at,
    )


def _id(*parts: str) -> str:
    digest = hashlib.sha256("\x1f".join(parts).encode()).digest()
    return f"dl_{base32(int.from_bytes(digest[:16], 'big'), 128)}"
