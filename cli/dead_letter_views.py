"""Dead letters on the terminal: tables for people, JSON for programs, personal data masked."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from domain.clock import from_millis
from domain.dead_letters.entities import Group, KeptLetter
from domain.dead_letters.use_case import Done
from domain.records import Outcome

_MASK = "***"
_OBEYED = re.compile("[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What JSON lets stand and some terminals obey: control characters, marks of direction, half characters."""
DID = {**{outcome: outcome.value for outcome in Outcome}, Outcome.DEAD: "fails again"}
WOULD = {
    Outcome.CREATED: "would create",
    Outcome.UPDATED: "would update",
    Outcome.UNCHANGED: "unchanged",
    Outcome.STALE: "stale",
    Outcome.DEAD: "still fails",
}
_WIDE = 200
"""Columns where the output is no terminal: nothing is broken into lines that a program would join."""


def print_json(value: Any) -> None:
    """`value` as JSON that a terminal does not obey."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    typer.echo(_OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def print_table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table for people."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in names:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(Text(clean(cell)) for cell in row))
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _WIDE
    console.print(table)


def clean(text: str) -> str:
    """`text` without what a terminal would obey."""
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)


def time_of(millis: int) -> str:
    """A time, to the second."""
    return from_millis(millis).isoformat(timespec="seconds")


def group_view(group: Group) -> dict[str, Any]:
    """A group, for JSON."""
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
    """A dead letter without its payload, for JSON."""
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
    }


def whole_view(kept: KeptLetter, *, reveal: bool) -> dict[str, Any]:
    """A dead letter with all that is known of it, for JSON."""
    history = [
        {"at": time_of(one.at), "actor": one.actor, "action": one.action, "detail": one.detail}
        for one in kept.history
    ]
    return {
        **letter_view(kept),
        "headers": dict(kept.letter.headers) if reveal else dict.fromkeys(kept.letter.headers, _MASK),
        "payload": payload_of(kept.payload, reveal=reveal),
        "original": None if kept.edited is None else payload_of(kept.letter.body, reveal=reveal),
        "history": history,
    }


def done_view(done: Done, words: Mapping[Outcome, str]) -> dict[str, Any]:
    """What became of a letter, for JSON; `words` names the outcomes."""
    view: dict[str, Any] = {"id": done.letter.id, "state": done.letter.state.value, "refused": done.refused}
    if done.trial is None:
        return view
    fault = done.trial.fault
    view["outcomes"] = {words[outcome]: count for outcome, count in done.trial.outcomes.items()}
    view["fault"] = fault and {"code": fault.code, "message": fault.message, "pointer": fault.pointer}
    return view


def done_line(done: Done, words: Mapping[Outcome, str]) -> str:
    """What became of a letter, on one line."""
    said = done.refused or done.letter.state.value
    if done.trial is not None:
        said = ", ".join(f"{words[outcome]} {count}" for outcome, count in done.trial.outcomes.items())
        if done.trial.fault is not None:
            fault = done.trial.fault
            said = f"{said}\t{clean(fault.code)}\t{clean(fault.pointer)}\t{clean(fault.message)}"
    return f"{done.letter.id}\t{said}"


def payload_of(body: bytes, *, reveal: bool) -> Any:
    """A payload, parsed where it is JSON; with `reveal` False each text and number in it is masked."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return body.decode("utf-8", "backslashreplace") if reveal else f"{len(body)} bytes that are not JSON"
    return value if reveal else _masked(value)


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _masked(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_masked(one) for one in value]
    return value if value is None or isinstance(value, bool) else _MASK
