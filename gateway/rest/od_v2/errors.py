"""The flat errors of Open Delivery v2 (contracts B.3, seed 002): `{code, message}`."""

from typing import Any

from aiohttp import web

from gateway.rest.answers import json_response
from gateway.rest.errors import ApiError

_STATUS = {415: 400}
"""Statuses that the binding does not have, and what is answered in their place."""


def flat_error(error: ApiError, request_id: str) -> web.Response:
    """`code` and `message`, which names the first fault's place; `details` tells all of them."""
    body: dict[str, Any] = {"code": error.code, "message": _message(error)}
    if error.details:
        body["details"] = error.details
    return json_response(body, status=_STATUS.get(error.status, error.status))


def _message(error: ApiError) -> str:
    fields = error.details.get("fields", [])
    if not fields or "pointer" not in fields[0]:
        return error.message
    first = fields[0]
    more = f" (and {len(fields) - 1} more)" if len(fields) > 1 else ""
    return f"{error.message}: {first['pointer'] or 'the body'} {first['message']}{more}"
