"""Payloads as pages show them: line by line, the fault's place marked, personal data masked."""

import difflib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from contracts.masking import payload_of

_MOST_LINES = 4_000
_MOST_COMPARED = 1_500
"""Lines between the first and the last that differ: comparing takes the square of them."""
_AROUND = 3
_GAP = "\u22ef"
_KINDS = {"+": "added", "-": "removed", "@": "note"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a payload, or of the difference between two."""

    text: str
    kind: str = ""
    """`fault`, `added`, `removed`, `note` where it is no part of a payload, or empty."""


def lines_of(body: bytes, pointer: str, *, reveal: bool) -> list[Line]:
    """`body` in lines; those that the fault at `pointer` (into the request's body) is about are marked."""
    shown = payload_of(body, reveal=reveal)
    if not isinstance(shown, dict | list):
        return _cut(Line(line) for line in str(shown).splitlines())
    segments = [one.replace("~1", "/").replace("~0", "~") for one in pointer.split("/")[1:]]
    place, is_there = _place(shown, segments)
    return _cut(
        Line(text, "fault" if segments and _is_about(path, place, is_there) else "")
        for text, path in _written(shown, (), "", "")
    )


def _cut(lines: Iterable[Line]) -> list[Line]:
    """`lines`, or the first of them and a word that there are more."""
    found = list(islice(lines, _MOST_LINES + 1))
    return found if len(found) <= _MOST_LINES else [*found[:_MOST_LINES], Line("\u22ef more", "note")]


def _is_about(path: tuple[str, ...], place: tuple[str, ...], is_there: bool) -> bool:
    return path[: len(place)] == place if is_there else path == place


def difference(before: bytes, after: bytes, *, reveal: bool) -> list[Line]:
    """What an edit changed, with three lines around each change."""
    old, new = (_pretty(body, reveal=reveal) for body in (before, after))
    most = min(len(old), len(new))
    start = next((at for at in range(most) if old[at] != new[at]), most)
    end = next((at for at in range(most - start) if old[-1 - at] != new[-1 - at]), most - start)
    if max(len(old), len(new)) - start - end > _MOST_COMPARED:
        return [Line("too much was changed to be shown line by line", "note")]
    first, last = max(0, start - _AROUND), max(0, end - _AROUND)
    found = difflib.unified_diff(old[first : len(old) - last], new[first : len(new) - last], n=_AROUND)
    lines = [Line(_GAP if line.startswith("@@") else line, _KINDS.get(line[0], "")) for line in found][2:]
    return lines[1:] if start <= _AROUND else lines


def editable(body: bytes) -> str:
    """`body` as a person edits it: indented where that loses nothing, else as it is."""
    text = body.decode("utf-8", "replace")
    try:
        value = json.loads(body)
        indented = json.dumps(value, ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return text
    return indented if _compact(text) == _compact(indented) else text


def entered(text: str, body: bytes) -> bytes:
    """The payload that an editor of `body` sent as `text`: `body` itself where nothing was changed.

    A form has other white space than the payload, and its lines end in CR LF.
    """
    # What was no UTF-8 was shown with U+FFFD in its place, which the editor may want to keep.
    if "\ufffd" not in text and _plain_ends(text) == _plain_ends(editable(body)):
        return body
    return text.encode("utf-8", "replace")


def _plain_ends(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _compact(text: str) -> str:
    """`text` without white space: numbers and keys that JSON reads alike are still told apart."""
    return "".join(text.split())


def _pretty(body: bytes, *, reveal: bool) -> list[str]:
    shown = payload_of(body, reveal=reveal)
    if not isinstance(shown, dict | list):
        return str(shown).splitlines()
    return json.dumps(shown, ensure_ascii=False, indent=2).splitlines()


def _place(value: Any, segments: Sequence[str]) -> tuple[tuple[str, ...], bool]:
    """Where in the record `value` a pointer into the whole body points, and whether that is there.

    Only the end of such a pointer is about the record. What is missing is where it is missing from.
    """
    for start in range(len(segments)):
        own = segments[start:]
        if _resolves(value, own):
            return tuple(own), True
        if len(own) > 1 and _resolves(value, own[:-1]):
            return tuple(own[:-1]), False
    return (), False


def _resolves(value: Any, segments: Sequence[str]) -> bool:
    for segment in segments:
        if isinstance(value, dict) and segment in value:
            value = value[segment]
        elif isinstance(value, list) and segment.isdecimal() and int(segment) < len(value):
            value = value[int(segment)]
        else:
            return False
    return True


def _written(
    value: Any, path: tuple[str, ...], before: str, after: str
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The lines of `value`, each with the path that it is about."""
    indent = "  " * len(path)
    if not isinstance(value, dict | list) or not value:
        yield f"{indent}{before}{json.dumps(value, ensure_ascii=False)}{after}", path
        return
    opening, closing = ("{", "}") if isinstance(value, dict) else ("[", "]")
    yield f"{indent}{before}{opening}", path
    members = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
    for number, (name, one) in enumerate(members):
        label = f"{json.dumps(name, ensure_ascii=False)}: " if isinstance(value, dict) else ""
        comma = "," if number < len(members) - 1 else ""
        yield from _written(one, (*path, str(name)), label, comma)
    yield f"{indent}{closing}{after}", path
