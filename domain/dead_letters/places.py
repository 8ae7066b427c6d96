"""Where a fault is, without what a sender wrote. Pure."""

import re

_STEP = re.compile(r"/([^/]*)")
_INDEX = re.compile(r"\d+")
_MEMBER = re.compile(r"[A-Za-z_]{1,40}[0-9]{0,2}")
"""How contracts call members. What else stands there is a sender's own word, and may be anybody's data."""


def without_values(pointer: str) -> str:
    """The JSON Pointer (RFC 6901) with `*` for members that no contract would have."""
    return _STEP.sub(lambda step: step[0] if _is_plain(step[1]) else "/*", pointer)


def place_of(pointer: str) -> str:
    """What faults of one cause share: the same, with `*` for the places in arrays, too."""
    return _STEP.sub(lambda step: step[0] if _MEMBER.fullmatch(step[1]) else "/*", pointer)


def _is_plain(step: str) -> bool:
    return bool(_MEMBER.fullmatch(step) or _INDEX.fullmatch(step))
