"""Counting the records of a body that is right in every one, at a glance.

Most bodies are right, and of those the front door needs to know no more. msgspec reads a body several times
as fast as pydantic (ADR 24), by types that are made of the contract's own schema. It takes a little more
than the contract does; so the bytes are looked at, in as few passes as will do. What is not plainly right
goes to the judges of `contracts.batch`, who alone say what is wrong.
"""

import re
from functools import cache
from typing import Any

import msgspec
from pydantic import TypeAdapter

from contracts.glance_types import Glanced, UntypedError, glanced, plain
from contracts.json_rules import MAX_DEPTH, has_wide_number, nests_deeper
from contracts.shapes import Shape
from contracts.slices import CutError

_FRAME = bytes.maketrans(b"[.+", b"{--")
_NOT_FRAME = bytes(set(range(256)) - set(b"{[:,-.+ "))
"""Without its digits the time `2026-01-01T12:00:00Z` is `--::`."""
_DIGITS = bytes.maketrans(b"123456789E", b"000000000e")
_NOT_DIGITS = bytes(set(range(256)) - set(b"0123456789eE.+-:"))
_WIDE = b"0" * 19
_ASCII_ESCAPE = re.compile(rb"\\u00([0-7][0-9a-fA-F])")
"""Some escape the plus of an offset, and others more."""
_NO_COLON = re.compile(rb":00(?:[.]0+)?[+-]0000")
"""The end of a time whose offset lacks its colon."""
_EDGES = (b'"0001-', b'"9999-')
"""How times begin that an offset may push out of the calendar."""


def count(body: bytes, shape: Shape) -> int | None:
    """How many records `body` holds, if it is plainly right; None where that takes a closer look."""
    reader = _reader(shape.body, shape.record)
    if reader is None:
        return None
    try:
        records = len(shape.values(reader.read(body)))
    except (msgspec.DecodeError, ValueError, RecursionError, CutError):
        return None
    # A nest that is too deep is made of more containers than so many records have for themselves.
    fewest = max(0, records - 1) * reader.containers
    return records if _is_plain(body, fewest + MAX_DEPTH) else None


class _Reader:
    """What a contract's bodies are read by."""

    def __init__(self, body: Glanced, containers: int) -> None:
        """`containers`: objects and arrays that a record has at least."""
        self._decoder = msgspec.json.Decoder(body.type)
        self._rule = body.rule
        self.containers = containers

    def read(self, body: bytes) -> Any:
        """The records, or an object of them. Raises ValueError, msgspec's DecodeError and RecursionError."""
        value = self._decoder.decode(body)
        if self._rule is not None:
            self._rule(value)
        return value if isinstance(value, list) else plain(value)


@cache  # one for each contract
def _reader(body: TypeAdapter[Any], record: TypeAdapter[Any]) -> _Reader | None:
    """None where the schema asks for more than types can say."""
    try:
        return _Reader(glanced(body.core_schema), glanced(record.core_schema).containers)
    except (UntypedError, TypeError):
        return None


def _is_plain(body: bytes, most_containers: int) -> bool:
    """Whether a body that msgspec took has nothing in it that msgspec takes and the contract may not."""
    if b"\\u00" in body:
        if b"\\u0000" in body:  # in a key it may not be
            return False
        body = _ASCII_ESCAPE.sub(_character, body)
    # msgspec steps over what it does not know without a look at the characters.
    if not body.isascii() and not _is_utf8(body):
        return False
    frame = body.translate(_FRAME, _NOT_FRAME)
    if b"- ::" in frame:  # a time without its T
        return False
    if frame.count(b"{") > most_containers and nests_deeper(body, MAX_DEPTH):
        return False
    digits = body.translate(_DIGITS, _NOT_DIGITS)
    if _may_be_wide(digits) and has_wide_number(body):
        return False
    return b"::-" not in frame or _has_plain_ends(body, digits)


def _may_be_wide(digits: bytes) -> bool:
    # A plus is sooner found than what it stands in.
    return _WIDE in digits or b"0e000" in digits or (b"+" in digits and b"0e+000" in digits)


def _has_plain_ends(body: bytes, digits: bytes) -> bool:
    """Whether fractions and offsets end times as RFC 3339 has it (ruling R8), and in the calendar of UTC."""
    return not (_NO_COLON.search(digits) or any(edge in body for edge in _EDGES))


def _character(escape: re.Match[bytes]) -> bytes:
    return bytes.fromhex(escape[1].decode())


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True
