"""What is wrong with a body, in words: never pydantic's own, which may quote what was sent."""

from collections.abc import Iterator

from pydantic import ValidationError

_WORDS = {
    "missing": "is required",
    "extra_forbidden": "is not known here",
    "json_invalid": "is not valid JSON in UTF-8",
    "literal_error": "must be {expected}",
    "string_type": "must be a string",
    "string_too_short": "must not be empty",
    "string_pattern_mismatch": "must not be blank",
    "string_too_long": "must have at most {max_length} characters",
    "too_long": "must have at most {max_length} elements",
    "too_short": "must not be empty",
    "model_type": "must be an object",
    "dict_type": "must be an object",
    "list_type": "must be an array",
    "tuple_type": "must be an array",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than_equal": "must be at most {le:g}",
    "invalid_timestamp": "must be an RFC 3339 date-time with a zone",
}
_OTHER = "is not what belongs here"
_LONGEST_STEP = 64


def faults_of(error: ValidationError) -> Iterator[dict[str, str]]:
    """Each fault's pointer, code and words."""
    for one in error.errors(include_input=False, include_url=False):
        words = _WORDS.get(one["type"], _OTHER).format(**one.get("ctx", {}))
        pointer = "".join(f"/{_escaped(str(step))}" for step in one["loc"])
        yield {"pointer": pointer, "code": one["type"].upper(), "message": words}


def _escaped(step: str) -> str:
    return step[:_LONGEST_STEP].replace("~", "~0").replace("/", "~1")
