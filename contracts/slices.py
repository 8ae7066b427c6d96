"""Cutting a body into its records, byte for byte.

For bodies that have something malformed in them: each record is found by walking the JSON around it, so that
the others can still be told from it and a dead letter keeps its bytes as they were sent. The walk
is lenient: it also steps over bad UTF-8, NaN and the like, which the record that holds them answers for.
"""

import json
import re
from dataclasses import dataclass

from contracts.operations import MAX_RECORDS
from domain.records import Fault

_BLANK = re.compile(r"[ \t\n\r]*")
# integers are stepped over, not built: Python refuses those of more than 4,300 digits
_DECODER = json.JSONDecoder(parse_int=len)
_NOT_JSON = Fault("INVALID_JSON", "not valid JSON in UTF-8")
_TOO_DEEP = Fault("TOO_DEEP", "nested deeper than 64 levels")


class CutError(Exception):
    """The body cannot be cut into records."""

    def __init__(self, fault: Fault) -> None:
        """`fault` says why."""
        super().__init__(fault.message)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Member:
    """A member of the top-level object."""

    key: str
    value: bytes
    """Its own bytes."""


def members(body: bytes) -> list[Member]:
    """The members of the object that `body` is, in order. Raises CutError where it is none."""
    text = _text(body)
    start = _skip(text, 0)
    if text[start : start + 1] != "{":
        raise CutError(_other_than(text, start, "an object"))
    found: list[Member] = []
    position = _skip(text, start + 1)
    more = text[position : position + 1] != "}"
    while more:
        member, position = _member(text, position)
        found.append(member)
        more = text[position : position + 1] == ","
        if more:
            position = _skip(text, position + 1)
    if _skip(text, _expect(text, position, "}")) != len(text):
        raise CutError(_NOT_JSON)
    return found


def _member(text: str, start: int) -> tuple[Member, int]:
    if text[start : start + 1] != '"':
        raise CutError(_NOT_JSON)
    key, key_end = _value(text, start)
    value_start = _skip(text, _expect(text, key_end, ":"))
    _, value_end = _value(text, value_start)
    return Member(str(key), _bytes(text[value_start:value_end])), _skip(text, value_end)


def elements(array: bytes, pointer: str) -> list[bytes]:
    """The bytes of each element of the valid `array`. Raises CutError beyond MAX_RECORDS.

    `pointer` is the array's own.
    """
    return _elements(_text(array), 0, pointer)[0]


def array(body: bytes) -> list[bytes]:
    """The bytes of each element of the array that `body` is.

    Raises CutError where it is none, and beyond MAX_RECORDS.
    """
    text = _text(body)
    start = _skip(text, 0)
    if text[start : start + 1] != "[":
        raise CutError(_other_than(text, start, "an array"))
    found, end = _elements(text, start, "")
    if _skip(text, end) != len(text):
        raise CutError(_NOT_JSON)
    return found


def _elements(text: str, start: int, pointer: str) -> tuple[list[bytes], int]:
    """The elements of the array that begins at `start`, and where it ends."""
    found: list[bytes] = []
    start = _skip(text, start + 1)
    if text[start : start + 1] == "]":
        return found, start + 1
    for _ in range(MAX_RECORDS):
        _, end = _value(text, start)
        found.append(_bytes(text[start:end]))
        start = _skip(text, end)
        if text[start : start + 1] == "]":
            return found, start + 1
        start = _skip(text, _expect(text, start, ","))
    message = f"more than {MAX_RECORDS} records in one body"
    raise CutError(Fault("TOO_MANY_RECORDS", message, pointer))


def _value(text: str, start: int) -> tuple[object, int]:
    try:
        return _DECODER.raw_decode(text, start)
    except ValueError as error:
        raise CutError(_NOT_JSON) from error
    except RecursionError as error:
        raise CutError(_TOO_DEEP) from error


def _other_than(text: str, start: int, expected: str) -> Fault:
    _, end = _value(text, start)
    if _skip(text, end) != len(text):
        return _NOT_JSON
    return Fault("INVALID_TYPE", f"must be {expected}")


def _skip(text: str, position: int) -> int:
    blank = _BLANK.match(text, position)
    return blank.end() if blank else position


def _expect(text: str, position: int, mark: str) -> int:
    position = _skip(text, position)
    if text[position : position + 1] != mark:
        raise CutError(_NOT_JSON)
    return position + 1


def _text(body: bytes) -> str:
    return body.decode("utf-8", "surrogateescape")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
