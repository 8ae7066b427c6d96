"""From exceptions to answers: a handler raises, its surface's renderer answers.

Status codes and error codes are decided here, once; how an error looks is the surface's.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from domain.errors import QueueFullError, TransientError
from gateway.errors import (
    AuthenticationError,
    IdempotencyConflictError,
    InsufficientScopeError,
    OverloadedError,
    RateLimitedError,
)
from gateway.failures import log_failure
from gateway.rest.body import (
    BodyTimeoutError,
    InterruptedBodyError,
    UnsupportedEncodingError,
    UnsupportedMediaTypeError,
)
from gateway.rest.inflate import BadEncodingError, PayloadTooLargeError
from gateway.rest.metrics import ERROR_CODE
from gateway.rest.request_id import request_id_of

_log = structlog.get_logger(__name__)

_RETRY_AFTER = {"Retry-After": "1"}


class ApiError(Exception):
    """An answer other than success; handlers may raise it."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        details: Mapping[str, Any] | None = None,
        retryable: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """`status`: of HTTP; `code`: UPPER_SNAKE and stable; `message`: for a person, free of the
        payload; `headers`: such as Retry-After."""
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message
        self.details = dict(details or {})
        self.retryable = retryable
        self.headers = dict(headers or {})


Render = Callable[[ApiError, str], web.Response]
"""Makes a surface's response of an error and the request id."""


def surfaces(renders: Mapping[str, Render], default: Render) -> Callable[[str], Render]:
    """The renderer of a path: that of the longest prefix in `renders` it is below, else `default`."""
    by_length = sorted(renders.items(), key=lambda item: len(item[0]), reverse=True)

    def surface_for(path: str) -> Render:
        for prefix, render in by_length:
            if path == prefix or path.startswith(prefix + "/"):
                return render
        return default

    return surface_for


def error_middleware(
    surface_for: Callable[[str], Render], translate: Callable[[Exception], ApiError | None]
) -> Middleware:
    """The middleware that answers every exception in the body of the surface it was raised on.

    `translate` answers the errors of the use cases behind the surfaces, None for any other.
    """

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException as error:
            if error.status < 400:
                raise
            answer = _of_aiohttp(error)
        except Exception as error:
            answer = translate(error) or as_api_error(error)
        request[ERROR_CODE] = answer.code
        if answer.status != 500:  # which is logged already
            # For those who ask: whoever likes can cause as many of these as he likes.
            _log.debug("request_refused", status=answer.status, code=answer.code)
        response = surface_for(request.path)(answer, request_id_of(request))
        response.headers.update(answer.headers)
        if not request.content.is_eof():
            # The rest of the body may never come: the connection cannot be used again.
            response.force_close()
        return response

    return middleware


def as_api_error(error: Exception) -> ApiError:
    """The answer to `error`; one that nobody expected is logged, once."""
    match error:
        case ApiError():
            return error
        case TransientError():
            return _not_now(error)
        case AuthenticationError() | InsufficientScopeError():
            return _not_allowed(error)
        case IdempotencyConflictError():
            return ApiError(409, "IDEMPOTENCY_CONFLICT", "the idempotency key was used with another body")
        case _:
            return _bad_body(error) or _failure(error)


def _not_now(error: TransientError) -> ApiError:
    match error:
        case BodyTimeoutError():
            return ApiError(400, "INVALID_PAYLOAD", str(error), retryable=True)
        case RateLimitedError():
            seconds = str(max(1, math.ceil(error.retry_after)))
            message = "the rate limit is reached"
            return ApiError(429, "RATE_LIMITED", message, retryable=True, headers={"Retry-After": seconds})
        case OverloadedError() | QueueFullError():
            code, message = "OVERLOADED", "there is too much to do at the moment"
        case _:
            code, message = "SERVICE_UNAVAILABLE", "a part that this needs is away at the moment"
    return ApiError(503, code, message, retryable=True, headers=_RETRY_AFTER)


def _not_allowed(error: AuthenticationError | InsufficientScopeError) -> ApiError:
    # The parameters of the challenge are those of RFC 6750 §3.
    if isinstance(error, InsufficientScopeError):
        challenge = f'Bearer error="insufficient_scope", scope="{error.required}"'
        return ApiError(
            403,
            "INSUFFICIENT_SCOPE",
            str(error),
            details={"requiredScope": error.required},
            headers={"WWW-Authenticate": challenge},
        )
    challenge = 'Bearer error="invalid_token"' if error.token_given else "Bearer"
    return ApiError(401, "UNAUTHORIZED", error.reason, headers={"WWW-Authenticate": challenge})


def _bad_body(error: Exception) -> ApiError | None:
    match error:
        case PayloadTooLargeError():
            details = {"maxBytes": error.limit}
            return ApiError(413, "PAYLOAD_TOO_LARGE", str(error), details=details)
        case UnsupportedEncodingError():
            headers = {"Accept-Encoding": "gzip, zstd, identity"}
            return ApiError(415, "UNSUPPORTED_ENCODING", str(error), headers=headers)
        case UnsupportedMediaTypeError():
            return ApiError(415, "UNSUPPORTED_MEDIA_TYPE", str(error))
        case BadEncodingError() | InterruptedBodyError():
            fault = {"pointer": "", "code": "UNREADABLE", "message": str(error)}
            return ApiError(400, "INVALID_PAYLOAD", str(error), details={"fields": [fault]})
        case _:
            return None


def _of_aiohttp(error: web.HTTPException) -> ApiError:
    match error:
        case web.HTTPNotFound():
            return ApiError(404, "NOT_FOUND", "there is nothing here")
        case web.HTTPMethodNotAllowed():
            allow = ", ".join(sorted(error.allowed_methods))
            message = "the method is not allowed here"
            return ApiError(405, "METHOD_NOT_ALLOWED", message, headers={"Allow": allow})
        case web.HTTPRequestEntityTooLarge():
            return ApiError(413, "PAYLOAD_TOO_LARGE", "the body is too large")
        case _ if error.status < 500:
            return ApiError(error.status, "BAD_REQUEST", "the request is not one that this can answer")
        case _:
            return _failure(error)


def _failure(error: Exception) -> ApiError:
    details = {"errorId": log_failure(error)}
    return ApiError(500, "INTERNAL_ERROR", "something went wrong here", details=details, retryable=True)
