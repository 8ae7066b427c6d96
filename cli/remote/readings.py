"""What an admin port answers, read: the views of `contracts.admin` the other way round.

Times are to the second, and personal data is masked unless it was asked for. Each raises KeyError,
TypeError or ValueError for what is no such view.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from contracts.admin.views import DID, WOULD
from domain.clock import to_millis
from domain.dead_letters.entities import Group, HistoryEntry, KeptLetter, State, Trial
from domain.dead_letters.patching import Sample
from domain.dead_letters.use_case import Done
from domain.receipts import DeadLetter
from domain.records import Fault, Outcome
from domain.replay.entities import JobState, PartLines, Progress, ReplayJob, ReplayLine, ReplayOptions

View = Mapping[str, Any]

_OUTCOMES = {word: outcome for words in (DID, WOULD) for outcome, word in words.items()}
_NO_JSON = re.compile(r"(\d{1,9}) bytes that are not JSON")
"""What stands for a masked payload that is not JSON."""


def group_of(view: View) -> Group:
    """A group; of its sample there is what the view tells."""
    sample = view["sample"]
    letter = _letter(sample["id"], message=sample["message"], first_seen=_millis(view["firstSeen"]))
    return Group(
        tenant=view["tenant"],
        fingerprint=view["fingerprint"],
        operation=view["operation"],
        stage=view["stage"],
        code=view["code"],
        place=view["place"],
        count=int(view["count"]),
        sample=KeptLetter(letter, view["fingerprint"]),
    )


def letter_of(view: View) -> KeptLetter:
    """A dead letter without its payload."""
    letter = _letter(
        view["id"],
        tenant=view["tenant"],
        operation=view["operation"],
        ingestion_id=view["ingestion"],
        index=view["index"],
        stage=view["stage"],
        code=view["code"],
        message=view["message"],
        pointer=view["pointer"],
        attempts=int(view["attempts"]),
        records=int(view["records"]),
        accepted_at=_millis(view["acceptedAt"]),
        first_seen=_millis(view["firstSeen"]),
        last_seen=_millis(view["lastSeen"]),
        attempted_at=tuple(map(_millis, view["attemptedAt"])),
    )
    return KeptLetter(letter, view["fingerprint"], State(view["state"]), int(view["revision"]))


def whole_of(view: View, *, revealed: bool) -> KeptLetter:
    """A dead letter; its payload and headers are what the view shows of them."""
    payload, original = view["payload"], view["original"]
    body = payload if original is None else original
    kept = letter_of(view)
    letter = replace(kept.letter, body=_payload(body, revealed=revealed), headers=dict(view["headers"]))
    history = tuple(
        HistoryEntry(_millis(one["at"]), one["actor"], one["action"], one["detail"])
        for one in view["history"]
    )
    edited = None if original is None else _payload(payload, revealed=revealed)
    return replace(kept, letter=letter, history=history, edited=edited)


def done_of(view: View) -> Done:
    """What became of a letter; of itself there is what the view tells."""
    return Done(_told(view, b""), str(view["refused"]), _trial(view))


def sample_of(view: View, *, revealed: bool) -> Sample:
    """What a change would make of a letter."""
    before, after = view["before"], view["after"]
    return Sample(
        _told(view, _payload(before, revealed=revealed)),
        None if after is None else _payload(after, revealed=revealed),
        str(view["refused"]),
        _trial(view),
    )


def job_of(view: View) -> ReplayJob:
    """A replay job."""
    return ReplayJob(
        id=str(view["id"]),
        actor=str(view["actor"]),
        tenant=view["tenant"],
        selection={str(name): str(value) for name, value in view["selection"].items()},
        options=ReplayOptions(view["rate"], view["ramp"], None, view["breaker"]),
        total=int(view["total"]),
        parts=int(view["parts"]),
        created_at=_millis(view["createdAt"]),
        due_at=_millis(view["dueAt"]),
        state=JobState(view["state"]),
        started_at=_maybe_millis(view["startedAt"]),
        finished_at=_maybe_millis(view["finishedAt"]),
        waiting=str(view["waiting"]),
        progress=Progress(
            parts=int(view["partsDone"]),
            letters=int(view["letters"]),
            failed=int(view["failed"]),
            refused=int(view["refused"]),
            outcomes=_outcomes(view["outcomes"]),
        ),
    )


def part_of(view: View) -> PartLines:
    """The lines of a part of a job."""
    return PartLines(int(view["number"]), tuple(_line(line) for line in view["lines"]))


def fault_of(view: View) -> Fault:
    """A fault."""
    return Fault(str(view["code"]), str(view["message"]), str(view["pointer"]))


def _line(view: View) -> ReplayLine:
    state = None if view["state"] is None else State(view["state"])
    return ReplayLine(str(view["id"]), state, str(view["refused"]), _trial(view))


def _trial(view: View) -> Trial | None:
    if "outcomes" not in view:
        return None
    fault = view["fault"]
    return Trial(_outcomes(view["outcomes"]), None if fault is None else fault_of(fault))


def _outcomes(counts: Mapping[str, int]) -> dict[Outcome, int]:
    return {_OUTCOMES[word]: int(count) for word, count in counts.items()}


def _told(view: View, payload: bytes) -> KeptLetter:
    letter = _letter(str(view["id"]), body=payload)
    return KeptLetter(letter, "", State(view["state"]), int(view["revision"]))


def _letter(id: str, **known: Any) -> DeadLetter:
    """A letter of which nothing but `known` was told."""
    unknown: dict[str, Any] = {
        **dict.fromkeys(("tenant", "operation", "ingestion_id", "stage", "code", "message", "pointer"), ""),
        **dict.fromkeys(("attempts", "records", "accepted_at", "first_seen", "last_seen"), 0),
    }
    return DeadLetter(id=id, **{**unknown, "index": None, "body": b"", "headers": {}, **known})


def _payload(shown: Any, *, revealed: bool) -> bytes:
    """Bytes that are shown as `shown`."""
    found = None if revealed or not isinstance(shown, str) else _NO_JSON.fullmatch(shown)
    return json.dumps(shown).encode() if found is None else bytes(int(found[1]))


def _maybe_millis(moment: str | None) -> int | None:
    return None if moment is None else _millis(moment)


def _millis(moment: str) -> int:
    return to_millis(datetime.fromisoformat(moment))
