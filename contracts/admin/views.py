"""Dead letters as every way in shows them in JSON, personal data masked."""

from collections.abc import Mapping
from typing import Any

from contracts.masking import MASK, payload_of
from domain.clock import from_millis
from domain.dead_letters.entities import Group, KeptLetter
from domain.dead_letters.patching import Sample
from domain.dead_letters.use_case import Done
from domain.records import Outcome

DID = {**{outcome: outcome.value for outcome in Outcome}, Outcome.DEAD: "fails again"}
WOULD = {
    Outcome.CREATED: "would create",
    Outcome.UPDATED: "would update",
    Outcome.UNCHANGED: "unchanged",
    Outcome.STALE: "stale",
    Outcome.DEAD: "still fails",
}


def time_of(millis: int) -> str:
    """A time, to the second."""
    return from_millis(millis).isoformat(timespec="seconds")


def group_view(group: Group) -> dict[str, Any]:
    """A group."""
    return {
        "tenant": group.tenant,
        "fingerprint": group.fingerprint,
        "operation": group.operation,
        "stage": group.stage,
        "code": group.code,
        "place": group.place,
        "count": group.count,
        "sample": {"id": group.sample.id, "message": group.sample.letter.message},
        "firstSeen": time_of(group.sample.letter.first_seen),
    }


def letter_view(kept: KeptLetter) -> dict[str, Any]:
    """A dead letter without its payload."""
    letter = kept.letter
    return {
        "id": letter.id,
        "tenant": letter.tenant,
        "operation": letter.operation,
        "ingestion": letter.ingestion_id,
        "index": letter.index,
        "stage": letter.stage,
        "code": letter.code,
        "message": letter.message,
        "pointer": letter.pointer,
        "fingerprint": kept.fingerprint,
        "state": kept.state.value,
        "revision": kept.revision,
        "attempts": letter.attempts,
        "records": letter.records,
        "acceptedAt": time_of(letter.accepted_at),
        "firstSeen": time_of(letter.first_seen),
        "lastSeen": time_of(letter.last_seen),
        "attemptedAt": [time_of(at) for at in letter.attempted_at],
    }


def whole_view(kept: KeptLetter, *, reveal: bool) -> dict[str, Any]:
    """A dead letter with all that is known of it."""
    history = [
        {"at": time_of(one.at), "actor": one.actor, "action": one.action, "detail": one.detail}
        for one in kept.history
    ]
    return {
        **letter_view(kept),
        "headers": dict(kept.letter.headers) if reveal else dict.fromkeys(kept.letter.headers, MASK),
        "payload": payload_of(kept.payload, reveal=reveal),
        "original": None if kept.edited is None else payload_of(kept.letter.body, reveal=reveal),
        "history": history,
    }


def done_view(done: Done, words: Mapping[Outcome, str]) -> dict[str, Any]:
    """What became of a letter; `words` names the outcomes."""
    view: dict[str, Any] = {"id": done.letter.id, "state": done.letter.state.value, "refused": done.refused}
    if done.trial is None:
        return view
    fault = done.trial.fault
    view["outcomes"] = {words[outcome]: count for outcome, count in done.trial.outcomes.items()}
    view["fault"] = fault and {"code": fault.code, "message": fault.message, "pointer": fault.pointer}
    return view


def result_view(done: Done, words: Mapping[Outcome, str]) -> dict[str, Any]:
    """What became of a letter, with the revision that it has now."""
    return {**done_view(done, words), "revision": done.letter.revision}


def sample_view(sample: Sample, *, reveal: bool) -> dict[str, Any]:
    """What a change would make of a letter."""
    return {
        **result_view(Done(sample.letter, sample.refused, sample.trial), WOULD),
        "before": payload_of(sample.letter.payload, reveal=reveal),
        "after": None if sample.after is None else payload_of(sample.after, reveal=reveal),
    }
