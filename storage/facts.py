"""Facts in the outbox of the document that they are about, so that one write keeps both."""

from collections.abc import Sequence

from domain.facts import Fact, Webhook
from storage.driver import Document

OUTBOX = "outbox"
OUTBOX_AT = "outbox_at"
"""When the oldest fact in the outbox was made; only documents with facts have it, and are found by it."""


def outbox_fields(facts: Sequence[Fact], document: Document) -> Document:
    """What `document` has more while `facts` are not on their way."""
    if not facts:
        return {}
    return {OUTBOX_AT: facts[0].made_at, OUTBOX: [_fact_document(fact, document) for fact in facts]}


def fact_of(fact: Document, document: Document) -> Fact:
    """The fact that `outbox_fields` kept in `document`."""
    source = fact.get("payload_of")
    return Fact(
        id=fact["id"],
        webhook=Webhook(fact["webhook"]),
        type=fact["type"],
        tenant=document["tenant"],
        occurred_at=fact["occurred_at"],
        made_at=fact["made_at"],
        position=fact["position"],
        record_id=document["_id"],
        customer_id=fact.get("customer_id"),
        customer_ref=fact.get("customer_ref"),
        payload=fact["payload"] if source is None else document["sources"][source]["document"],
        names=fact["names"],
        trace=fact.get("trace", ""),
    )


def _fact_document(fact: Fact, document: Document) -> Document:
    kept: Document = {
        "id": fact.id,
        "webhook": fact.webhook.value,
        "type": fact.type,
        "occurred_at": fact.occurred_at,
        "made_at": fact.made_at,
        "position": fact.position,
        "customer_id": fact.customer_id,
        "customer_ref": fact.customer_ref,
        "trace": fact.trace or None,
        "names": dict(fact.names),
    }
    kept = {name: value for name, value in kept.items() if value is not None}
    # A received event's payload is what its document holds already; twice may be more than one holds.
    sources = document.get("sources", {}).items()
    source = next((name for name, state in sources if state["document"] == fact.payload), None)
    return {**kept, "payload": fact.payload} if source is None else {**kept, "payload_of": source}
