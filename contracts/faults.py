"""Validation errors as faults: stable codes, and words that hold nothing of the payload."""

from collections.abc import Iterator

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from contracts.json_rules import child_pointer
from domain.records import Fault

_KNOWN = {
    "missing": ("REQUIRED", "is required"),
    "string_type": ("INVALID_TYPE", "must be a string"),
    "dict_type": ("INVALID_TYPE", "must be an object"),
    "list_type": ("INVALID_TYPE", "must be an array"),
    "float_type": ("INVALID_TYPE", "must be a number"),
    "text_or_texts": ("INVALID_TYPE", "must be a string or an array of strings"),
    "invalid_timestamp": ("INVALID_TIMESTAMP", "must be an RFC 3339 date-time with a zone"),
    "invalid_date": ("INVALID_DATE", "must be a date, YYYY-MM-DD"),
    "literal_error": ("INVALID_VALUE", "must be {expected}"),
    "string_too_short": ("INVALID_VALUE", "must not be empty"),
    "string_too_long": ("TOO_LONG", "must have at most {max_length} characters"),
    "finite_number": ("INVALID_NUMBER", "must be a finite number"),
    "json_invalid": ("INVALID_JSON", "not valid JSON in UTF-8"),
}
_OTHER = ("INVALID_VALUE", "is not valid")


def described(error: ValidationError, pointer: str) -> Iterator[Fault]:
    """The faults in `error`, their pointers below `pointer`."""
    for detail in error.errors(include_url=False, include_input=False):
        yield _fault(detail, pointer)


def _fault(detail: ErrorDetails, pointer: str) -> Fault:
    for step in detail["loc"]:
        pointer = child_pointer(pointer, step)
    code, message = _KNOWN.get(detail["type"], _OTHER)
    return Fault(code, message.format(**detail.get("ctx", {})), pointer)
