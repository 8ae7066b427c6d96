"""Errors of the admin port's REST, as RFC 9457 has them."""

from http import HTTPStatus

from aiohttp import web

from contracts.admin.views import whole_view
from domain.dead_letters.errors import EditConflictError, InvalidPayloadError, NoSuchLetterError, RepairError
from gateway.rest.admin.answers import json_bytes
from gateway.rest.errors import ApiError
from gateway.rest.refusals import refusal


def problem(error: ApiError, _: str) -> web.Response:
    """`error` as application/problem+json; its details are members beside those of the RFC."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "detail": error.message,
        "code": error.code,
        **error.details,
    }
    return web.Response(status=error.status, body=json_bytes(body), content_type="application/problem+json")


def operator_refusal(error: Exception) -> ApiError | None:
    """The answer to an error of what operators do; of any other as on every surface."""
    match error:
        case NoSuchLetterError():
            return ApiError(404, "NOT_FOUND", "there is no such dead letter")
        case EditConflictError():
            # Its message names the letter alone. What it holds stays masked: nobody asked to see it.
            details = {"letter": whole_view(error.kept, reveal=False)}
            return ApiError(412, "REVISION_CONFLICT", str(error), details=details)
        case InvalidPayloadError():
            fields = [
                {"pointer": fault.pointer, "code": fault.code, "message": fault.message}
                for fault in error.faults
            ]
            message = "the contract does not take this payload"
            return ApiError(422, "INVALID_PAYLOAD", message, details={"fields": fields})
        case RepairError():
            return ApiError(409, "NOT_POSSIBLE", str(error))
        case _:
            return refusal(error)
