"""Query parameters, parsed; what cannot be parsed is a 400 that names the parameter."""

import re
from datetime import datetime

from aiohttp import web

from domain.clock import to_millis
from gateway.rest.errors import ApiError

_RFC3339 = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})")
_LONGEST_INTEGER = 9


def invalid(name: str, message: str) -> ApiError:
    """The answer to a bad parameter called `name`."""
    fault = {"parameter": name, "code": "INVALID_PARAMETER", "message": message}
    return ApiError(400, "INVALID_PARAMETER", f"{name} {message}", details={"fields": [fault]})


def integer(request: web.Request, name: str, *, least: int, most: int) -> int | None:
    """A whole number from `least` to `most`; None where it is not given."""
    text = request.query.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_INTEGER):
        raise invalid(name, "is not a whole number")
    if not least <= int(text) <= most:
        raise invalid(name, f"is not between {least} and {most}")
    return int(text)


def millis(request: web.Request, name: str) -> int | None:
    """An RFC 3339 date-time with a zone, in milliseconds since the epoch; None where not given."""
    text = request.query.get(name)
    if text is None:
        return None
    # A plus sign that was not percent-encoded arrives as a space (RFC 3986 and HTML forms differ).
    text = text.replace(" ", "+")
    if not _RFC3339.fullmatch(text):
        raise invalid(name, "is not an RFC 3339 date-time with a zone")
    try:
        return to_millis(datetime.fromisoformat(text.upper()))
    except (ValueError, OverflowError) as error:
        raise invalid(name, "is not an RFC 3339 date-time with a zone") from error
