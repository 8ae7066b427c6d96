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
    "greater_than_equal": ("INVALID_VALUE", "must be at least {ge:g}"),
    "less_than_equal": ("INVALID_VALUE", "must be at most {le:g}"),
    "bool_type": ("INVALID_TYPE", "must be a boolean"),
    "int_type": ("INVALID_TYPE", "must be a whole number"),
    "string_pattern_mismatch": ("INVALID_VALUE", "must be a UUID"),
    "text_or_contact": ("INVALID_TYPE", "must be a string, or an object with type and value"),
    "several_primary": ("INVALID_VALUE", "must have at most one primary element"),
    "off_the_scale": ("INVALID_VALUE", "{words}"),
    "nobody": ("REQUIRED", "needs at least one of id, name, contact and externalIds"),
    "json_invalid": ("INVALID_JSON", "not valid JSON in UTF-8"),
}
_OTHER = ("INVALID_VALUE", "is not valid")


def described(error: ValidationError, pointer: str) -> Iterator[Fault]:
    """The faults in `error`, their pointers below `pointer`."""
    for detail in error.errors(include_url=False, include_input=False):
        yield _fault(detail, pointer)


def _fault(detail: ErrorDetails, pointer: str) -> Fault:
    context = detail.get("ctx", {})
    # A rule over several members names the one that is to blame.
    for step in (*detail["loc"], *filter(None, [context.get("at")])):
        pointer = child_pointer(pointer, step)
    code, message = _KNOWN.get(detail["type"], _OTHER)
    return Fault(code, message.format(**context), pointer)
