"""Records as MongoDB documents, and back.

The sender's document is kept as JSON text, so that its order, its unknown fields and keys with `$`
or `.` come back verbatim; the canonical fields lie under `fields`, apart from our own names.
"""

from domain.records import Entity, Outcome, SourceState, Stored
from domain.version import Version
from storage.driver import Document

COLLECTIONS = {
    Entity.CUSTOMER: "customers",
    Entity.LEAD: "leads",
    Entity.ORDER: "orders",
    Entity.REVIEW: "reviews",
    Entity.EVENT: "events",
}


def to_document(record: Stored) -> Document:
    """The document of `record`; its times are whole milliseconds since the Unix epoch."""
    newest = max(state.version for state in record.sources.values())
    return {
        "_id": record.id,
        "tenant": record.tenant,
        "revision": record.revision,
        "version_at": newest.at,
        "version": newest.encode(),
        "created_at": record.created_at,
        "updated_at": record.updated_at,
        "fields": record.fields,
        "sources": {name: _source_document(state) for name, state in record.sources.items()},
    }


def to_record(entity: Entity, document: Document) -> Stored:
    """The record that `to_document` wrote."""
    return Stored(
        id=document["_id"],
        entity=entity,
        tenant=document["tenant"],
        revision=document["revision"],
        fields=document["fields"],
        sources={name: _source_state(state) for name, state in document["sources"].items()},
        created_at=document["created_at"],
        updated_at=document["updated_at"],
    )


def _source_document(state: SourceState) -> Document:
    return {
        "key": state.key,
        "version": state.version.encode(),
        "digest": state.digest,
        "document": state.document,
        "outcome": state.outcome.value,
    }


def _source_state(document: Document) -> SourceState:
    return SourceState(
        key=document["key"],
        version=Version.decode(document["version"]),
        digest=document["digest"],
        document=document["document"],
        outcome=Outcome(document["outcome"]),
    )
