"""JSON that is read and written again without harm: numbers keep every digit, nothing is dropped."""

import json
from decimal import Decimal
from typing import Any


def read_json(text: bytes) -> Any:
    """The value of `text`, with Decimal for numbers that are not whole.

    Raises ValueError, in words, for what is not JSON in UTF-8 and for an object with a key twice,
    of which one value would be lost.
    """
    try:
        return _DECODER.decode(text.decode("utf-8"))
    except _RepeatedKeyError:
        raise
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    except (ValueError, ArithmeticError) as error:
        raise ValueError("not valid JSON in UTF-8") from error


def write_json(value: Any) -> bytes:
    """`value` as compact JSON in UTF-8. Raises ValueError where it cannot be written."""
    try:
        return _text(value).encode("utf-8")
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    except UnicodeEncodeError as error:
        raise ValueError("it holds a lone surrogate") from error


class _RepeatedKeyError(ValueError):
    """A key twice in one object."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _RepeatedKeyError("an object has the same key twice")
    return found


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=Decimal, parse_constant=_refuse)


def _text(value: Any) -> str:
    if isinstance(value, dict):
        members = (f"{json.dumps(key, ensure_ascii=False)}:{_text(one)}" for key, one in value.items())
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_text, value)) + "]"
    return str(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False)
