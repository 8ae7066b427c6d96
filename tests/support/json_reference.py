"""A slow and plain reading of the JSON rules (ruling R5), to hold the fast one against."""

import math
import re
from decimal import Decimal

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_STRING = re.compile(r'"((?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*)"')
_HIGH_LOW = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
_ESCAPE = re.compile(r'\\(?:u([0-9a-fA-F]{4})|["\\/bfnrt])')
_WORDS = ("true", "false", "null")


class BrokenRuleError(Exception):
    """The text breaks a rule."""


def keeps_rules(body: bytes, max_depth: int = 64) -> bool:
    """Whether `body` is JSON that a contract takes."""
    try:
        text = body.decode("utf-8")
        end = _value(text, _blank(text, 0), max_depth)
        return _blank(text, end) == len(text)
    except (BrokenRuleError, UnicodeDecodeError):
        return False


def _value(text: str, at: int, depth: int) -> int:
    first = text[at : at + 1]
    if first and first in "[{":
        return _container(text, at, depth)
    if first == '"':
        return _string(text, at, is_key=False)
    for word in _WORDS:
        if text.startswith(word, at):
            return at + len(word)
    return _number(text, at)


def _container(text: str, at: int, depth: int) -> int:
    if depth == 0:
        raise BrokenRuleError
    is_object = text[at] == "{"
    close = "}" if is_object else "]"
    at = _blank(text, at + 1)
    if text[at : at + 1] == close:
        return at + 1
    while True:
        if is_object:
            at = _blank(text, _string(text, at, is_key=True))
            at = _blank(text, _expect(text, at, ":"))
        at = _blank(text, _value(text, at, depth - 1))
        if text[at : at + 1] == close:
            return at + 1
        at = _blank(text, _expect(text, at, ","))


def _string(text: str, at: int, *, is_key: bool) -> int:
    match = _STRING.match(text, at)
    if not match:
        raise BrokenRuleError
    codes = [one[1] for one in _ESCAPE.finditer(_without_pairs(match[1])) if one[1]]
    if any(0xD800 <= int(code, 16) <= 0xDFFF for code in codes):
        raise BrokenRuleError
    if is_key and any(int(code, 16) == 0 for code in codes):
        raise BrokenRuleError
    return match.end()


def _without_pairs(content: str) -> str:
    """`content` without surrogate pairs; a backslash that is escaped begins none."""
    parts = []
    at = 0
    while at < len(content):
        pair = _HIGH_LOW.match(content, at)
        escape = _ESCAPE.match(content, at)
        step = pair.end() if pair else escape.end() if escape else at + 1
        parts.append("" if pair else content[at:step])
        at = step
    return "".join(parts)


def _number(text: str, at: int) -> int:
    match = _NUMBER.match(text, at)
    if not match:
        raise BrokenRuleError
    whole = match[1] is None and match[2] is None
    fits = -(2**63) <= Decimal(match[0]) < 2**63 if whole else math.isfinite(float(match[0]))
    if not fits:
        raise BrokenRuleError
    return match.end()


def _expect(text: str, at: int, mark: str) -> int:
    if text[at : at + 1] != mark:
        raise BrokenRuleError
    return at + 1


def _blank(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\n\r":
        at += 1
    return at
