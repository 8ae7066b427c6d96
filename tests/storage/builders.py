"""Records and messages for the store's tests."""

from typing import Any

from domain.receipts import DeadLetter, Receipt, RecordResult
from domain.records import Entity, Outcome, SourceState, Stored, Write
from domain.version import Version


def a_record(
    id: str,
    *,
    entity: Entity = Entity.CUSTOMER,
    tenant: str = "acme",
    revision: int = 1,
    at: int = 1_700_000_000_000,
    changed: int = 1_700_000_001_000,
    document: str = "{}",
    **fields: Any,
) -> Stored:
    """A record as a use case hands it to the store."""
    state = SourceState(id, Version(at, "ing_1", 0), "digest", document, Outcome.CREATED, fields)
    return Stored(id, entity, tenant, revision, fields, {"odp_v1": state}, 1_700_000_000_500, changed)


def an_insert(id: str, **kind: Any) -> Write:
    """A write of a record that must not exist yet."""
    return Write(a_record(id, **kind), None)


def a_replacement(id: str, expected: int, **kind: Any) -> Write:
    """A write of a record that must be stored with the revision `expected`."""
    return Write(a_record(id, revision=expected + 1, **kind), expected)


def a_receipt(ingestion_id: str, *, tenant: str = "acme", done_at: int = 2) -> Receipt:
    """A receipt with one record updated and one stale."""
    return Receipt(
        ingestion_id,
        tenant,
        "odp.v1.customers",
        "digest",
        accepted_at=1,
        done_at=done_at,
        counts={Outcome.UPDATED: 1, Outcome.STALE: 1},
        results=(RecordResult(1, Outcome.STALE, "VERSION_CONFLICT", "newer is stored", "/customers/1", "c"),),
    )


def a_dead_letter(id: str, **changes: Any) -> DeadLetter:
    """A dead letter of one record."""
    facts: dict[str, Any] = {
        "tenant": "acme",
        "operation": "odp.v1.customers",
        "ingestion_id": "ing_1",
        "index": 3,
        "stage": "decode",
        "code": "INVALID_FIELD",
        "message": "wrong",
        "pointer": "/customers/3/name",
        "body": b'{"name": 1}',
        "headers": {"portico.$tenant": "acme"},
        "attempts": 1,
        "records": 1,
        "accepted_at": 1,
        "first_seen": 10,
        "last_seen": 10,
        "attempted_at": (4, 10),
    }
    return DeadLetter(id=id, **{**facts, **changes})
