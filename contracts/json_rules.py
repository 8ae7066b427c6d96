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
from typing import Any

import orjson

from domain.records import Fault

MAX_DEPTH = 64
"""Objects and arrays within one another."""

_INT64 = range(-(2**63), 2**63)
_INT64_DIGITS = 19
_MAX_POINTER = 512

_NUMBERS = bytes.maketrans(b"123456789E,[]} \t\r\n", b"000000000e::::::::")
# A whole number of 19 digits may pass 64 bits; with fewer digits before the point it takes
# an exponent of three to leave the range of a double.
_WIDE_NUMBER = re.compile(rb":-?(?:0{19}|0[0.]*e\+?000)[0e.+-]*:")

_BRACES = bytes.maketrans(b"[]", b"{}")
_NOT_BRACES = bytes(set(range(256)) - set(b'[]{}"'))
_STRINGS = re.compile(rb'"[^"]*"')


def faults_of(body: bytes, *, max_depth: int = MAX_DEPTH, pointer: str = "") -> tuple[Fault, ...]:
    """Every breach of the rules in `body`, each with the pointer of its value below `pointer`."""
    try:
        orjson.loads(body)
        parsed = True
    except orjson.JSONDecodeError:
        parsed = False
    if parsed and not is_suspicious(body, max_depth=max_depth):
        return ()
    faults = tuple(_walked(body, max_depth, pointer))
    if faults or parsed:
        return faults
    return (Fault("INVALID_JSON", "not valid JSON in UTF-8", pointer),)


def is_suspicious(body: bytes, *, max_depth: int = MAX_DEPTH) -> bool:
    """Whether a body that a JSON parser takes may break a rule all the same; False is certain."""
    if b"NaN" in body or b"Infinity" in body or b"\\u0000" in body:
        return True
    numbers = body.translate(_NUMBERS)
    wide = b"0" * _INT64_DIGITS in numbers or b"0e000" in numbers or b"0e+000" in numbers
    if wide and _WIDE_NUMBER.search(b":" + numbers + b":"):
        return True
    return _nests_deeper(body, max_depth)


def _nests_deeper(body: bytes, max_depth: int) -> bool:
    bare = body.replace(b"\\\\", b"").replace(b'\\"', b"") if b"\\" in body else body
    marks = bare.translate(_BRACES, _NOT_BRACES)
    braces = marks.replace(b'""', b"")
    if b'"' in braces:  # some string holds a brace
        braces = _STRINGS.sub(b"", marks)
    for _ in range(max_depth):
        if not braces:
            return False
        inner = braces.replace(b"{}", b"")
        if len(inner) == len(braces):
            return True
        braces = inner
    return bool(braces)


class _Pairs(list[tuple[str, Any]]):
    """An object's members, those under a repeated key too."""


class _WideInteger:
    """Stands for an integer beyond 64 bits."""


def _integer(digits: str) -> object:
    if len(digits) <= _INT64_DIGITS + 1 and int(digits) in _INT64:
        return 0
    return _WideInteger()


_EXACT = json.JSONDecoder(object_pairs_hook=_Pairs, parse_int=_integer)


def _walked(body: bytes, max_depth: int, pointer: str) -> Iterator[Fault]:
    try:
        value = _EXACT.decode(body.decode("utf-8"))
    except ValueError:
        return
    except RecursionError:
        yield _too_deep(pointer)
        return
    yield from _value_faults(value, max_depth, pointer)


def _value_faults(value: Any, depth: int, pointer: str) -> Iterator[Fault]:
    if isinstance(value, list) and depth == 0:
        yield _too_deep(pointer)
    elif isinstance(value, _Pairs):
        for key, member in value:
            here = child_pointer(pointer, key)
            yield from key_faults(key, here)
            yield from _value_faults(member, depth - 1, here)
    elif isinstance(value, list):
        for index, element in enumerate(value):
            yield from _value_faults(element, depth - 1, child_pointer(pointer, index))
    elif isinstance(value, _WideInteger):
        yield Fault("INTEGER_OUT_OF_RANGE", "an integer beyond signed 64 bits", pointer)
    elif isinstance(value, float) and not math.isfinite(value):
        yield Fault("INVALID_NUMBER", "not a finite number", pointer)
    elif isinstance(value, str) and not _is_unicode(value):
        yield Fault("INVALID_JSON", "a lone surrogate", pointer)


def key_faults(key: str, pointer: str) -> Iterator[Fault]:
    """The breaches of the rules in an object's key."""
    if "\0" in key:
        yield Fault("INVALID_KEY", "a key with a NUL character", pointer)
    if not _is_unicode(key):
        yield Fault("INVALID_JSON", "a lone surrogate in a key", pointer)


def _too_deep(pointer: str) -> Fault:
    return Fault("TOO_DEEP", f"nested deeper than {MAX_DEPTH} levels", pointer)


def _is_unicode(text: str) -> bool:
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
