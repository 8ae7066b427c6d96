"""What a record does to what is stored: a pure decision, so that any order, duplication or
interleaving of the same versions ends in the same state (invariants 3 and 4, ADR 10)."""

from domain.records import Outcome, Record, SourceState, Stored


def decide(stored: Stored | None, record: Record, record_id: str, now: int) -> tuple[Outcome, Stored | None]:
    """The outcome of `record`, and what to store; None where what is stored stays as it is.

    `now` is our clock, in milliseconds since the Unix epoch.
    """
    if stored is None:
        return Outcome.CREATED, _created(record, record_id, now)
    kept = stored.sources.get(record.source)
    if kept is None:
        return Outcome.UPDATED, _replaced(stored, record, Outcome.UPDATED, now)
    if record.version == kept.version:
        return kept.outcome, None
    if record.digest == kept.digest:
        # The same content said again, later: nothing changes but the version it is true for.
        # Without that, a version between the two that arrives last would be taken for newer.
        newer = record.version > kept.version
        outcome = Outcome.UNCHANGED
        return outcome, _replaced(stored, record, outcome, now) if newer else None
    if record.version > kept.version:
        return Outcome.UPDATED, _replaced(stored, record, Outcome.UPDATED, now)
    return Outcome.STALE, None


def _created(record: Record, record_id: str, now: int) -> Stored:
    return Stored(
        id=record_id,
        entity=record.entity,
        tenant=record.tenant,
        revision=1,
        fields=record.fields,
        sources={record.source: _state(record, Outcome.CREATED)},
        created_at=now,
        updated_at=now,
    )


def _replaced(stored: Stored, record: Record, outcome: Outcome, now: int) -> Stored:
    newest = all(record.version > state.version for state in stored.sources.values())
    return Stored(
        id=stored.id,
        entity=stored.entity,
        tenant=stored.tenant,
        revision=stored.revision + 1,
        fields=record.fields if newest else stored.fields,
        sources={**stored.sources, record.source: _state(record, outcome)},
        created_at=stored.created_at,
        updated_at=max(now, stored.updated_at),
    )


def _state(record: Record, outcome: Outcome) -> SourceState:
    return SourceState(record.key, record.version, record.digest, record.document, outcome)
