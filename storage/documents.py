"""Records as MongoDB documents, and back.

The sender's document is kept as JSON text, so that its order, its unknown fields and keys with `$`
or `.` come back verbatim; the canonical fields lie under `fields`, apart from our own names.
"""

from domain.reading import Rendering
from domain.records import Entity, Fields, Outcome, SourceState, Stored
from domain.version import Version
from storage.driver import Document
from storage.facts import OUTBOX, fact_of, outbox_fields

COLLECTIONS = {
    Entity.CUSTOMER: "customers",
    Entity.LEAD: "leads",
    Entity.ORDER: "orders",
    Entity.REVIEW: "reviews",
    Entity.EVENT: "events",
}


RENDERED = "rendered"
"""The record as it is sent, behind the revision of the rendering that made it."""

_MOST_RENDERED = 64 * 1024
"""Bytes of a rendering that is kept: larger records are few, and may be as large as a document can be."""

_OUTCOMES = {outcome.value: outcome for outcome in Outcome}


def to_document(record: Stored, rendering: Rendering | None = None) -> Document:
    """The document of `record`; its times are whole milliseconds since the Unix epoch.

    It is all that is ever stored of a record's content, so what it holds rendered is the record as it is.
    """
    newest = record.version
    document: Document = {
        "_id": record.id,
        "tenant": record.tenant,
        "revision": record.revision,
        "version_at": newest.at,
        "occurred_at": record.occurred_at,
        "version": newest.encode(),
        "created_at": record.created_at,
        "updated_at": record.updated_at,
        "fields": record.fields,
        "sources": {name: _source_document(state, record) for name, state in record.sources.items()},
    }
    if rendering is not None:
        document |= _rendered_fields(record, rendering)
    return {**document, **outbox_fields(record.outbox, document)}


def _rendered_fields(record: Stored, rendering: Rendering) -> Document:
    try:
        rendered = rendering.render(record)
    except Exception:  # what a message cannot say may be stored all the same, and who reads it is told
        return {}
    return {RENDERED: rendering.revision + rendered} if len(rendered) <= _MOST_RENDERED else {}


def rendered_of(document: Document, revision: bytes) -> bytes | None:
    """What `to_document` kept of a record as a rendering `revision` sends it."""
    kept: bytes = document.get(RENDERED, b"")
    return kept[len(revision) :] if kept.startswith(revision) else None


def to_record(entity: Entity, document: Document) -> Stored:
    """The record that `to_document` wrote."""
    return Stored(
        id=document["_id"],
        entity=entity,
        tenant=document["tenant"],
        revision=document["revision"],
        fields=document["fields"],
        sources={
            name: _source_state(state, document["fields"]) for name, state in document["sources"].items()
        },
        created_at=document["created_at"],
        updated_at=document["updated_at"],
        outbox=tuple(fact_of(fact, document) for fact in document[OUTBOX]) if OUTBOX in document else (),
    )


def _source_document(state: SourceState, record: Stored) -> Document:
    document: Document = {
        "key": state.key,
        "version": state.version.encode(),
        "digest": state.digest,
        "document": state.document,
        "outcome": state.outcome.value,
    }
    if state.fields is not record.fields:
        document["fields"] = state.fields
    if state.times:
        # Many parts share few versions, and names of parts may hold what names of fields may not.
        versions = sorted(set(state.times.values()))
        document["versions"] = [version.encode() for version in versions]
        document["times"] = [[part, versions.index(time)] for part, time in state.times.items()]
    return document


def _source_state(document: Document, fields: Fields) -> SourceState:
    times: dict[str, Version] = {}
    if "times" in document:
        versions = [Version.decode(text) for text in document["versions"]]
        times = {part: versions[number] for part, number in document["times"]}
    return SourceState(
        key=document["key"],
        version=Version.decode(document["version"]),
        digest=document["digest"],
        document=document["document"],
        outcome=_OUTCOMES[document["outcome"]],
        # With one contract its columns are the record's, and are kept once.
        fields=document.get("fields", fields),
        times=times,
    )
