"""What a record does to what is stored: a pure decision, so that any order, duplication or
interleaving of the same versions ends in the same state (invariants 3 and 4, ADR 10)."""

from dataclasses import replace
from typing import NamedTuple

from domain.fold import Effect
from domain.records import Fault, Outcome, Record, SourceState, Stored
from domain.unite import unite

CONFLICT = Fault("CONFLICT", "another content was stored under this id before, and it cannot change")


class Decision(NamedTuple):
    """What becomes of a record."""

    outcome: Outcome
    stored: Stored | None = None
    """What to store; None where what is stored stays as it is."""
    fault: Fault | None = None
    """Set exactly where the outcome is `dead`."""


def decide(stored: Stored | None, record: Record, record_id: str, now: int) -> Decision:
    """What becomes of `record`; `now` is our clock, in milliseconds since the Unix epoch."""
    previous = stored.sources.get(record.source) if stored is not None else None
    if previous is not None and previous.version == record.version:
        return Decision(previous.outcome)
    effect, state = record.fold(previous, record)
    if effect is Effect.CONFLICTING:
        return Decision(Outcome.DEAD, fault=CONFLICT)
    if effect is Effect.IGNORED:
        return Decision(Outcome.STALE)
    outcome = _outcome(effect, stored)
    if state is previous:
        return Decision(outcome)
    if state.version == record.version and state.outcome is not outcome:
        # For its redelivery; an older record that fills a gap leaves the newest one's outcome alone.
        state = replace(state, outcome=outcome)
    return Decision(outcome, _written(stored, record, state, record_id, now))


def _outcome(effect: Effect, stored: Stored | None) -> Outcome:
    if effect is Effect.CONFIRMED:
        return Outcome.UNCHANGED
    return Outcome.CREATED if stored is None else Outcome.UPDATED


def _written(stored: Stored | None, record: Record, state: SourceState, record_id: str, now: int) -> Stored:
    sources = {**(stored.sources if stored is not None else {}), record.source: state}
    return Stored(
        id=record_id,
        entity=record.entity,
        tenant=record.tenant,
        revision=1 if stored is None else stored.revision + 1,
        fields=unite(record.entity, sources),
        sources=sources,
        created_at=now if stored is None else stored.created_at,
        # A slow clock must not put a change behind what readers have passed already.
        updated_at=now if stored is None else max(now, stored.updated_at),
        outbox=() if stored is None else stored.outbox,
    )
