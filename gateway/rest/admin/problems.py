"""Errors of the admin port's REST, as RFC 9457 has them."""

from http import HTTPStatus
from typing import Any

from aiohttp import web

from contracts.admin.job_views import job_view
from contracts.admin.views import whole_view
from domain.dead_letters.errors import EditConflictError, InvalidPayloadError, NoSuchLetterError, RepairError
from domain.replay.errors import JobStateError, NoSuchJobError
from gateway.rest.admin.answers import json_bytes
from gateway.rest.errors import ApiError
from gateway.rest.refusals import refusal


def problem(error: ApiError, _: str) -> web.Response:
    """`error` as application/problem+json."""
    body = json_bytes(problem_body(error))
    return web.Response(status=error.status, body=body, content_type="application/problem+json")


def problem_body(error: ApiError) -> dict[str, Any]:
    """`error` as an object; its details are members beside those of the RFC."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "detail": error.message,
        "code": error.code,
        **error.details,
    }


def operator_refusal(error: Exception) -> ApiError | None:  # noqa: PLR0911 - a table, one row an error
    """The answer to an error of what operators do; of any other as on every surface."""
    match error:
        case NoSuchLetterError():
            return ApiError(404, "NO_SUCH_LETTER", "there is no such dead letter")
        case NoSuchJobError():
            return ApiError(404, "NO_SUCH_JOB", "there is no such replay job")
        case EditConflictError():
            # Its message names the letter alone. What it holds stays masked: nobody asked to see it.
            details = {"letter": whole_view(error.kept, reveal=False)}
            return ApiError(412, "REVISION_CONFLICT", str(error), details=details)
        case InvalidPayloadError():
            return _unfit(error)
        case JobStateError():
            return ApiError(409, "NOT_POSSIBLE", str(error), details={"job": job_view(error.job)})
        case RepairError():
            return ApiError(409, "NOT_POSSIBLE", str(error))
        case _:
            return refusal(error)


def _unfit(error: InvalidPayloadError) -> ApiError:
    fields = [
        {"pointer": fault.pointer, "code": fault.code, "message": fault.message} for fault in error.faults
    ]
    message = "the contract does not take this payload"
    return ApiError(422, "INVALID_PAYLOAD", message, details={"fields": fields})
