"""Payloads of dead letters: parsed where they can be, and cut without a change to what stays. Pure."""

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

_DECODER = json.JSONDecoder()
_BLANKS = re.compile(r"[ \t\r\n]*")


def parsed(payload: bytes) -> Any:
    """`payload` as JSON. Raises ValueError for what is none, or too deep."""
    try:
        return json.loads(payload)
    except RecursionError as error:
        raise ValueError("too deep") from error


@dataclass(frozen=True, slots=True)
class Body:
    """A body of several records: a list of them, or an object with one member, which is that list."""

    text: str
    records: tuple[Any, ...]
    spans: tuple[tuple[int, int], ...]
    """Where each record begins and ends in the text."""

    def without(self, places: Collection[int]) -> bytes:
        """The body without the records at `places`, each of the others as it was written."""
        left = [self.text[slice(*span)] for place, span in enumerate(self.spans) if place not in places]
        return (self.text[: self.spans[0][0]] + ", ".join(left) + self.text[self.spans[-1][1] :]).encode()


def body_of(payload: bytes) -> Body | None:
    """`payload` as a body; None where it is no JSON, or of less than two records."""
    try:
        text = payload.decode()
        parsed(payload)
        start = _start_of_list(text)
        elements = [] if start is None else list(_elements(text, start))
    except (ValueError, RecursionError):
        return None
    if len(elements) < 2:
        return None
    return Body(text, tuple(value for value, _ in elements), tuple(span for _, span in elements))


def _start_of_list(text: str) -> int | None:
    """Where the list of records begins in valid JSON; None where there is none."""
    at = _after_blanks(text, 0)
    if text[at] == "{":
        at = _after_blanks(text, at + 1)
        if text[at] != '"':
            return None
        _, at = _DECODER.raw_decode(text, at)
        at = _after_blanks(text, _after_blanks(text, at) + 1)
        if text[at] == "[" and text[_after_blanks(text, _DECODER.raw_decode(text, at)[1])] != "}":
            return None
    return at if text[at] == "[" else None


def _elements(text: str, start: int) -> Iterator[tuple[Any, tuple[int, int]]]:
    at = _after_blanks(text, start + 1)
    while text[at] != "]":
        value, end = _DECODER.raw_decode(text, at)
        yield value, (at, end)
        at = _after_blanks(text, end)
        if text[at] == ",":
            at = _after_blanks(text, at + 1)


def _after_blanks(text: str, at: int) -> int:
    found = _BLANKS.match(text, at)
    return at if found is None else found.end()
