"""Which JSON a contract takes (ruling R5).

JSON as RFC 8259 has it, in UTF-8, and beyond that: numbers finite, integers within signed 64 bits (the
widest that the store has), nesting up to 64, no lone surrogates, no NUL in keys. Parsers in C see to most of
this but each lets something else through, so a body is first scanned for bytes that could break a rule, at
the speed of `bytes` methods, and walked value by value only where there are some.
"""

import json
import math
import re
from collections.abc import Iterator
from itertools import accumulate
from typing import Any

import orjson

from contracts.operations import MAX_FAULTS
from domain.records import Fault

MAX_DEPTH = 64
"""Objects and arrays within one another."""

_INT64 = range(-(2**63), 2**63)
_INT64_DIGITS = 19
_MAX_POINTER = 512

_NUMBERS = bytes.maketrans(b"123456789E,[]} \t\r\n", b"000000000e::::::::")
# Strings keep their quotes, so that no number is seen in them; an exponent loses its plus.
_NOT_NUMBERS = bytes(set(range(256)) - set(b'0123456789eE.-":,[]} \t\r\n'))
# A whole number of 19 digits may pass 64 bits; with fewer digits before the point it takes
# an exponent of three to leave the range of a double.
_WIDE_NUMBER = re.compile(rb":-?(?:0{19}|0[0.]*e000)[0e.-]*:")

_BRACES = bytes.maketrans(b"[]", b"{}")
_NOT_BRACES = bytes(set(range(256)) - set(b'[]{}"'))
_STRINGS = re.compile(rb'"[^"]*"?')  # one without an end is no JSON, and the parser says so
_SHORT = 4096  # bytes in which braces are counted sooner than looked at
_PEELS = 8  # levels taken off the inside by replacement, cheaper than counting while there are few
_MANY, _AHEAD = 64 * 1024, 1024  # of many braces the first are counted: megabytes of `[` need no more
_STEP = {ord("{"): 1, ord("}"): -1}


def faults_of(body: bytes, *, max_depth: int = MAX_DEPTH, pointer: str = "") -> tuple[Fault, ...]:
    """The breaches of the rules in `body`, each with its pointer below `pointer`, up to 100 of them."""
    if is_suspicious(body, max_depth=max_depth):
        faults = _walked(body, max_depth, pointer)
        if faults:
            return faults
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        return _walked(body, max_depth, pointer) or (
            Fault("INVALID_JSON", "not valid JSON in UTF-8", pointer),
        )
    return ()


def is_suspicious(body: bytes, *, max_depth: int = MAX_DEPTH) -> bool:
    """Whether a body that a JSON parser takes may break a rule all the same; False is certain."""
    # One byte is found, or not, many times faster than a word.
    if (b"N" in body and b"NaN" in body) or (b"I" in body and b"Infinity" in body):
        return True
    if b"\\" in body and b"\\u0000" in body:
        return True
    return has_wide_number(body) or nests_deeper(body, max_depth)


def has_wide_number(body: bytes) -> bool:
    """Whether JSON holds a number that may pass 64 bits or the range of a double; False is certain."""
    numbers = body.translate(_NUMBERS, _NOT_NUMBERS)
    wide = b"0" * _INT64_DIGITS in numbers or b"0e000" in numbers
    return wide and _WIDE_NUMBER.search(b":" + numbers + b":") is not None


def nests_deeper(body: bytes, max_depth: int) -> bool:
    """Whether JSON nests deeper than `max_depth` levels."""
    if len(body) <= _SHORT and body.count(b"{") + body.count(b"[") <= max_depth:
        return False
    bare = body.replace(b"\\\\", b"").replace(b'\\"', b"") if b"\\" in body else body
    marks = bare.translate(_BRACES, _NOT_BRACES)
    braces = marks.replace(b'""', b"")
    if b'"' in braces:  # some string holds a brace
        braces = _STRINGS.sub(b"", marks)
    if len(braces) > _MANY and _depth(braces[:_AHEAD]) > max_depth:
        return True
    for peeled in range(_PEELS):
        if not braces:
            return peeled > max_depth
        braces = braces.replace(b"{}", b"")
    return _PEELS + _depth(braces) > max_depth


def _depth(braces: bytes) -> int:
    return max(accumulate(map(_STEP.__getitem__, braces)), default=0)


class _Pairs(list[tuple[str, Any]]):
    """An object's members, those under a repeated key too."""


class _WideInteger:
    """Stands for an integer beyond 64 bits."""


def _integer(digits: str) -> object:
    if len(digits) <= _INT64_DIGITS + 1 and int(digits) in _INT64:
        return 0
    return _WideInteger()


_EXACT = json.JSONDecoder(object_pairs_hook=_Pairs, parse_int=_integer)


def _walked(body: bytes, max_depth: int, pointer: str) -> tuple[Fault, ...]:
    try:
        value = _EXACT.decode(body.decode("utf-8"))
    except ValueError:
        return ()
    except RecursionError:
        return (_too_deep(pointer),)
    walk = _Walk(pointer)
    walk.visit(value, max_depth)
    return tuple(walk.faults)


_PLAIN = frozenset({int, bool, type(None)})


class _Walk:
    """Looks at every value; a pointer is only built where something is wrong."""

    def __init__(self, pointer: str) -> None:
        self.faults: list[Fault] = []
        self._pointer = pointer
        self._path: list[str | int] = []

    def visit(self, value: Any, depth: int) -> None:
        """`value`, which may nest `depth` levels."""
        if isinstance(value, list):
            self._container(value, depth)
        elif isinstance(value, _WideInteger):
            self._found("INTEGER_OUT_OF_RANGE", "an integer beyond signed 64 bits")
        elif isinstance(value, float) and not math.isfinite(value):
            self._found("INVALID_NUMBER", "not a finite number")
        elif isinstance(value, str) and not _is_unicode(value):
            self._found("INVALID_JSON", "a lone surrogate")

    def _container(self, value: list[Any], depth: int) -> None:
        if depth == 0:
            self.faults.append(_too_deep(self._here()))
            return
        for step, child in value if isinstance(value, _Pairs) else enumerate(value):
            if len(self.faults) >= MAX_FAULTS:
                return
            self._path.append(step)
            if isinstance(step, str):
                self._key(step)
            if type(child) not in _PLAIN:
                self.visit(child, depth - 1)
            self._path.pop()

    def _key(self, key: str) -> None:
        if "\0" in key or not _is_unicode(key):
            self.faults.extend(key_faults(key, self._here()))

    def _found(self, code: str, message: str) -> None:
        self.faults.append(Fault(code, message, self._here()))

    def _here(self) -> str:
        pointer = self._pointer
        for step in self._path:
            pointer = child_pointer(pointer, step)
        return pointer


def key_faults(key: str, pointer: str) -> Iterator[Fault]:
    """The breaches of the rules in an object's key."""
    if "\0" in key:
        yield Fault("INVALID_KEY", "a key with a NUL character", pointer)
    if not _is_unicode(key):
        yield Fault("INVALID_JSON", "a lone surrogate in a key", pointer)


def _too_deep(pointer: str) -> Fault:
    return Fault("TOO_DEEP", f"nested deeper than {MAX_DEPTH} levels", pointer)


def _is_unicode(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def child_pointer(pointer: str, key: str | int) -> str:
    """`pointer` with one step more (RFC 6901); where that gets too long or is no text, `pointer`."""
    step = str(key).replace("~", "~0").replace("/", "~1")
    longer = f"{pointer}/{step}"
    return longer if len(longer) <= _MAX_POINTER and _is_unicode(step) else pointer
