"""The `Prefer` header (RFC 7240), as far as Portico honours it: `wait` and `handling`."""

import re
from dataclasses import dataclass

LONGEST_WAIT = 30
"""Seconds; a longer `wait` is honoured as this one (design §6)."""

_PREFERENCE = re.compile(
    r"""(?P<name>[!#$%&'*+\-.^_`|~0-9A-Za-z]+)\s*(?:=\s*(?:"(?P<quoted>[^"]*)"|(?P<token>[^\s;,"]*)))?[^,]*"""
)


@dataclass(frozen=True, slots=True)
class Preferences:
    """What the client prefers."""

    wait: int | None = None
    """Seconds to wait for the outcome, 0 to LONGEST_WAIT; None: answer at once."""
    lenient: bool = False
    """Accept the good records of a batch and make dead letters of the malformed ones."""

    def applied(self) -> str:
        """The value of `Preference-Applied`; empty where nothing was preferred."""
        parts = []
        if self.wait is not None:
            parts.append(f"wait={self.wait}")
        if self.lenient:
            parts.append("handling=lenient")
        return ", ".join(parts)


_NONE = Preferences()


def parse_preferences(values: list[str]) -> Preferences:
    """The preferences in the `Prefer` header lines `values`.

    As RFC 7240 §2 asks, the first of a repeated preference counts, and what is unknown or cannot
    be understood is ignored.
    """
    if not values:
        return _NONE
    found: dict[str, str] = {}
    for value in values:
        for match in _PREFERENCE.finditer(value):
            argument = match["quoted"] if match["quoted"] is not None else match["token"] or ""
            found.setdefault(match["name"].lower(), argument)
    wait = found.get("wait", "")
    seconds = min(int(wait), LONGEST_WAIT) if wait.isascii() and wait.isdigit() and len(wait) < 10 else None
    return Preferences(seconds, found.get("handling", "").lower() == "lenient")
