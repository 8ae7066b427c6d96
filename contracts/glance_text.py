"""What msgspec takes and a contract may not, seen in the text of a body.

Extracts of it, and a few searches in them, see to most bodies. They may be mistaken on the safe side only.
"""

import re

from contracts.json_rules import MAX_DEPTH, has_wide_number, nests_deeper

_FRAME = bytes.maketrans(b"[+", b"{-")
_NOT_FRAME = bytes(set(range(256)) - set(b"{[:,-.+ "))
"""Without its digits the time `2026-01-01T12:00:00Z` is `--::`."""
_DIGITS = bytes.maketrans(b"123456789E", b"000000000e")
_NOT_DIGITS = bytes(set(range(256)) - set(b"0123456789eE.+-:"))
_WIDE = b"0" * 19
_ASCII_ESCAPE = re.compile(rb"\\u00([0-7][0-9a-fA-F])")
"""Some escape the plus of an offset, and others more."""
_OFFSETS = (b"::-", b"::.-")
"""How the frames of times end that have an offset, with and without a fraction; a colon is to follow."""
_EDGES = (b'"0001-01-01', b'"9999-12-31')
"""How times begin that an offset may push out of the calendar."""


class Text:
    """Of a body that msgspec took."""

    def __init__(self, body: bytes) -> None:
        """Resolves the escapes of ASCII, behind which anything may be."""
        self._has_nul = False
        # One byte is found, or not, many times faster than a word.
        if b"\\" in body and b"\\u00" in body:
            self._has_nul = b"\\u0000" in body
            body = _ASCII_ESCAPE.sub(_character, body)
        self._body = body
        self._frame = body.translate(_FRAME, _NOT_FRAME)

    def has_plain_times(self) -> bool:
        """Whether all times are RFC 3339's (ruling R8), and in the calendar of UTC."""
        if b"- ::" in self._frame:  # without its T
            return False
        with_offset = [end for end in _OFFSETS if end in self._frame]
        # An offset without its colon is followed by none: what comes after a value is no colon either.
        if any(self._frame.count(end) != self._frame.count(end + b":") for end in with_offset):
            return False
        return not (with_offset and any(edge in self._body for edge in _EDGES))

    def keeps_rules_of_json(self, most_containers: int) -> bool:
        """Whether it keeps them (ruling R5), in numbers and in members that msgspec stepped over."""
        # A key may hold no NUL; and characters that are stepped over are not looked at.
        if self._has_nul or not (self._body.isascii() or _is_utf8(self._body)):
            return False
        if self._frame.count(b"{") > most_containers and nests_deeper(self._body, MAX_DEPTH):
            return False
        digits = self._body.translate(_DIGITS, _NOT_DIGITS)
        return not (_may_be_wide(digits) and has_wide_number(self._body))


def _may_be_wide(digits: bytes) -> bool:
    # From the end, as most of it are zeros. A plus is sooner found than what it stands in.
    return _WIDE in digits or digits.rfind(b"0e000") >= 0 or (b"+" in digits and digits.rfind(b"0e+000") >= 0)


def _character(escape: re.Match[bytes]) -> bytes:
    return bytes.fromhex(escape[1].decode())


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True
