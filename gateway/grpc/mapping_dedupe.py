"""Dedupe candidates as messages."""

from collections.abc import Mapping

from domain.receipts import DedupeCandidate
from domain.records import Stored
from gateway.grpc.mapping import set_millis, write_texts
from gateway.grpc.pb.portico.v1.dedupe_pb2 import CustomerSummary
from gateway.grpc.pb.portico.v1.dedupe_pb2 import DedupeCandidate as Message

_LEAST_SHOWN = 8
"""Characters that a key must have for its ends to be shown: of a shorter one they would say too much."""


def write_candidate(candidate: DedupeCandidate, customers: Mapping[str, Stored], into: Message) -> None:
    """Fill a candidate but for its name; `customers` are those of both sides that there are, by id."""
    into.uid = candidate.id
    _write_summary(candidate.customer_id, customers, into.customer)
    _write_summary(candidate.other_id, customers, into.other_customer)
    kind, _, value = candidate.key.partition(":")
    into.key_kind = kind
    into.masked_key = masked(value)
    set_millis(into.seen_time, candidate.seen_at)


def masked(value: str) -> str:
    """`value` with its first character and its last two, of an e-mail address with its domain."""
    local, at, domain = value.rpartition("@")
    if at and local:
        return f"{local[0]}***@{domain}"
    return f"{value[0]}***{value[-2:]}" if len(value) >= _LEAST_SHOWN else "***"


def _write_summary(customer_id: str, customers: Mapping[str, Stored], into: CustomerSummary) -> None:
    into.name = f"customers/{customer_id}"
    stored = customers.get(customer_id)
    if stored is None:
        return
    write_texts(stored.fields, ("display_name", "status"), into)
    set_millis(into.create_time, stored.created_at)
    set_millis(into.update_time, stored.updated_at)
    into.sources.extend(sorted(stored.sources))
