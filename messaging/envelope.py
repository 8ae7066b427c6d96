"""The envelope: one or several ingestions in one message (docs/message-contract.md).

One ingestion travels as itself: its body is the message's body and its facts are flat headers,
which is also what other producers send. Several ingestions (group commit) travel as their bodies
one after another, with their facts in the `portico-ingestions` header, a JSON array.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson

from domain.errors import MessageError
from messaging.port import Message

MANIFEST = "portico-ingestions"
_MAX_TEXT = 512


@dataclass(frozen=True)
class Ingestion:
    """One accepted request."""

    id: str
    """Empty where another producer sent the message; the ingestor then derives one."""
    operation: str
    tenant: str
    body: bytes
    """As it was sent, byte for byte."""
    principal: str = ""
    accepted_at: int = 0
    """Milliseconds since the Unix epoch; 0 where another producer did not say."""
    records: int = 0
    """How many records the gateway counted; 0 where nobody did."""
    trace: str = ""
    """W3C `traceparent`."""
    foreign: bool = False
    """Whether another producer sent the message, so that no gateway accepted it."""

    @cached_property
    def digest(self) -> str:
        """SHA-256, hex, of the body."""
        return hashlib.sha256(self.body).hexdigest()


def pack(ingestions: Sequence[Ingestion]) -> Message:
    """One message that carries `ingestions`, of which there is at least one."""
    if len(ingestions) == 1:
        return Message(_facts(ingestions[0]), ingestions[0].body)
    manifest = [{**_facts(one), "length": len(one.body)} for one in ingestions]
    body = b"".join(one.body for one in ingestions)
    return Message({MANIFEST: orjson.dumps(manifest).decode()}, body)


def unpack(message: Message) -> list[Ingestion]:
    """The ingestions in `message`. Raises MessageError where it breaks the message contract."""
    manifest = message.headers.get(MANIFEST)
    if manifest is None:
        return [_ingestion(message.headers, message.body)]
    return list(_unpack_many(manifest, message.body))


def _unpack_many(manifest: str, body: bytes) -> list[Ingestion]:
    try:
        entries = orjson.loads(manifest)
        ends = [0]
        for entry in entries:
            ends.append(ends[-1] + int(entry["length"]))
    except (ValueError, TypeError, KeyError) as error:
        raise MessageError(f"the {MANIFEST} header is not a manifest") from error
    if len(ends) == 1 or ends[-1] != len(body) or ends != sorted(ends):
        raise MessageError("the manifest's lengths do not add up to the body")
    slices = zip(entries, ends, ends[1:], strict=False)
    return [_ingestion(entry, body[start:end]) for entry, start, end in slices]


def _facts(ingestion: Ingestion) -> dict[str, str]:
    facts = {
        "portico-ingestion": ingestion.id,
        "portico-operation": ingestion.operation,
        "portico-tenant": ingestion.tenant,
        "portico-principal": ingestion.principal,
        "portico-accepted-at": str(ingestion.accepted_at),
        "portico-records": str(ingestion.records),
        "traceparent": ingestion.trace,
    }
    return {name: value for name, value in facts.items() if value}


def _ingestion(facts: Any, body: bytes) -> Ingestion:
    def text(name: str) -> str:
        value = facts.get(name, "")
        if not isinstance(value, str) or len(value) > _MAX_TEXT:
            raise MessageError(f"the {name} header is not a text of at most {_MAX_TEXT} characters")
        return value

    def number(name: str) -> int:
        value = text(name)
        if value and not (value.isascii() and value.isdigit() and len(value) <= 15):
            raise MessageError(f"the {name} header is not a whole number")
        return int(value or 0)

    for required in ("portico-operation", "portico-tenant"):
        if not text(required):
            raise MessageError(f"the {required} header is missing")
    return Ingestion(
        id=text("portico-ingestion"),
        operation=text("portico-operation"),
        tenant=text("portico-tenant"),
        body=body,
        principal=text("portico-principal"),
        accepted_at=number("portico-accepted-at"),
        records=number("portico-records"),
        trace=text("traceparent"),
    )
