"""Payloads as people are shown them: personal data masked, until somebody asks for it."""

import json
from typing import Any

MASK = "***"
"""What stands where a text or a number is not shown."""


def payload_of(body: bytes, *, reveal: bool) -> Any:
    """A payload, parsed where it is JSON; with `reveal` False each text and number in it is masked."""
    try:
        value = json.loads(body, parse_constant=_refuse)
        # Masked in either case: what is too deep for that is too deep to be written as JSON again.
        masked = _masked(value)
    except (ValueError, RecursionError):
        return body.decode("utf-8", "backslashreplace") if reveal else f"{len(body)} bytes that are not JSON"
    return value if reveal else masked


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _masked(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_masked(one) for one in value]
    return value if value is None or isinstance(value, bool) else MASK


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
