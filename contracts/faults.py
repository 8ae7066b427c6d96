"""Validation errors as faults: stable codes, and words that hold nothing of the payload."""

from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from contracts.json_rules import child_pointer
from domain.records import Fault

_TYPES = {
    "string_type": "a string",
    "dict_type": "an object",
    "list_type": "an array",
    "float_type": "a number",
    "bool_type": "true or false",
    "int_type": "an integer",
    "text_or_texts": "a string or an array of strings",
}


def described(error: ValidationError, pointer: str) -> Iterator[Fault]:
    """The faults in `error`, their pointers below `pointer`."""
    for detail in error.errors(include_url=False, include_input=False):
        yield _fault(detail, pointer)


def _fault(detail: ErrorDetails, pointer: str) -> Fault:
    for step in detail["loc"]:
        pointer = child_pointer(pointer, step)
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "missing":
        return Fault("REQUIRED", "is required", pointer)
    if kind in _TYPES:
        return Fault("INVALID_TYPE", f"must be {_TYPES[kind]}", pointer)
    code, message = _value_fault(kind, context)
    return Fault(code, message, pointer)


def _value_fault(kind: str, context: dict[str, Any]) -> tuple[str, str]:
    match kind:
        case "invalid_timestamp":
            return "INVALID_TIMESTAMP", "must be an RFC 3339 date-time with a zone"
        case "invalid_date":
            return "INVALID_DATE", "must be a date, YYYY-MM-DD"
        case "literal_error":
            return "INVALID_VALUE", f"must be {context['expected']}"
        case "string_too_short":
            return "INVALID_VALUE", "must not be empty"
        case "string_too_long":
            return "TOO_LONG", f"must have at most {context['max_length']} characters"
        case "finite_number":
            return "INVALID_NUMBER", "must be a finite number"
        case "json_invalid":
            return "INVALID_JSON", "not valid JSON in UTF-8"
        case _:
            return "INVALID_VALUE", "is not valid"
