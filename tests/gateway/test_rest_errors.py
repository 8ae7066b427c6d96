"""From exceptions to answers: status, headers and body of every refusal, and what is logged."""

import logging
import re
from collections.abc import Callable

import pytest
import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from domain.clock import from_millis
from domain.errors import ContentionError, QueueFullError, QueueUnavailableError, StoreUnavailableError
from gateway.auth import AuthenticationError, InsufficientScopeError
from gateway.errors import IdempotencyConflictError, KeysUnavailableError, OverloadedError, RateLimitedError
from gateway.rest.errors import ApiError, surfaces
from gateway.rest.odp_errors import odp_renderer
from tests.support.gateway_http import Answer, ask, served


def raising(error: Callable[[], BaseException]) -> Handler:
    """A handler that raises `error()`."""

    async def handler(_: web.Request) -> web.Response:
        raise error()

    return handler


async def answer_to(error: BaseException) -> Answer:
    """What the caller gets where a handler raises `error`."""
    async with served({"GET /": raising(lambda: error)}) as address:
        return await ask(address)


@pytest.mark.parametrize(
    ("error", "status", "code", "retryable", "headers"),
    [
        (
            AuthenticationError("a bearer token is required", token_given=False),
            401,
            "UNAUTHORIZED",
            False,
            {"WWW-Authenticate": "Bearer"},
        ),
        (
            AuthenticationError("expired"),
            401,
            "UNAUTHORIZED",
            False,
            {"WWW-Authenticate": 'Bearer error="invalid_token"'},
        ),
        (
            InsufficientScopeError("lead.write"),
            403,
            "INSUFFICIENT_SCOPE",
            False,
            {"WWW-Authenticate": 'Bearer error="insufficient_scope", scope="lead.write"'},
        ),
        (RateLimitedError(2.1), 429, "RATE_LIMITED", True, {"Retry-After": "3"}),
        (RateLimitedError(0.01), 429, "RATE_LIMITED", True, {"Retry-After": "1"}),
        (OverloadedError("x"), 503, "OVERLOADED", True, {"Retry-After": "1"}),
        (QueueFullError("x"), 503, "OVERLOADED", True, {"Retry-After": "1"}),
        (QueueUnavailableError("x"), 503, "SERVICE_UNAVAILABLE", True, {"Retry-After": "1"}),
        (StoreUnavailableError("x"), 503, "SERVICE_UNAVAILABLE", True, {"Retry-After": "1"}),
        (ContentionError("x"), 503, "SERVICE_UNAVAILABLE", True, {"Retry-After": "1"}),
        (KeysUnavailableError("x"), 503, "SERVICE_UNAVAILABLE", True, {"Retry-After": "1"}),
        (IdempotencyConflictError("x"), 409, "IDEMPOTENCY_CONFLICT", False, {}),
        (web.HTTPRequestEntityTooLarge(1, 2), 413, "PAYLOAD_TOO_LARGE", False, {}),
        (web.HTTPForbidden(), 403, "BAD_REQUEST", False, {}),
        (ApiError(418, "TEAPOT", "m", headers={"X-Tea": "green"}), 418, "TEAPOT", False, {"X-Tea": "green"}),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
async def test_every_refusal_has_its_answer(
    error: Exception, status: int, code: str, retryable: bool, headers: dict[str, str]
) -> None:
    """Status, code, whether to retry, and the headers that go with it."""
    answer = await answer_to(error)
    assert (status, code, retryable) == (answer.status, answer.error["code"], answer.error["retryable"])
    assert headers.items() <= answer.headers.items()
    assert {"code", "message", "details", "retryable", "timestamp"} == answer.error.keys()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", answer.error["timestamp"])


async def test_a_missing_scope_is_named() -> None:
    """Contracts A.3: details.requiredScope."""
    answer = await answer_to(InsufficientScopeError("lead.write"))
    assert {"requiredScope": "lead.write"} == answer.error["details"]


async def test_what_is_not_there_and_what_is_not_allowed() -> None:
    """404 and 405 in the surface's own body, the latter with what is allowed."""
    async with served({"GET /v1/customer/customers": raising(AssertionError)}) as address:
        missing = await ask(address, "GET", "/v1/customer/nothing")
        wrong = await ask(address, "DELETE", "/v1/customer/customers")
    assert (404, "NOT_FOUND") == (missing.status, missing.error["code"])
    assert (405, "METHOD_NOT_ALLOWED", "GET") == (wrong.status, wrong.error["code"], wrong.headers["Allow"])


async def test_a_bug_is_logged_once_with_the_id_that_the_caller_gets() -> None:
    """And neither the answer nor the log has the exception's text, which may quote the request."""

    def bug() -> Exception:
        try:
            raise KeyError("ana@example.com")
        except KeyError as error:
            failure = ValueError("ana@example.com is no number")
            failure.__cause__ = error
            return failure

    with structlog.testing.capture_logs() as logs:
        answer = await answer_to(bug())
    assert (500, "INTERNAL_ERROR", True) == (answer.status, answer.error["code"], answer.error["retryable"])
    (entry,) = logs
    assert {"errorId": entry["error_id"]} == answer.error["details"]
    assert ["builtins.ValueError", "builtins.KeyError"] == [cause["type"] for cause in entry["causes"]]
    assert "raising" in str(entry["causes"][0]["frames"]) or "handler" in str(entry["causes"][0]["frames"])
    assert "ana@example.com" not in str(entry) + answer.body.decode()


async def test_refusals_are_logged_for_those_who_ask_alone(caplog: pytest.LogCaptureFixture) -> None:
    """What callers do wrong is no failure of ours: by its code, at the level debug."""
    with structlog.testing.capture_logs() as logs, caplog.at_level(logging.DEBUG, "aiohttp"):
        await answer_to(AuthenticationError("no"))
        await answer_to(OverloadedError("no"))
    assert [("request_refused", "debug", "UNAUTHORIZED"), ("request_refused", "debug", "OVERLOADED")] == [
        (line["event"], line["log_level"], line["code"]) for line in logs
    ]
    assert "" == caplog.text


async def test_a_redirect_is_an_answer() -> None:
    """Not every HTTP exception is an error."""
    answer = await answer_to(web.HTTPFound("/there"))
    assert (302, "/there") == (answer.status, answer.headers["Location"])


@pytest.mark.parametrize("given", ["a", "7b3f-11ee", "x" * 128, "~!@#$%^&*()"])
async def test_the_callers_request_id_is_echoed(given: str) -> None:
    """On success and on every refusal."""

    async def fine(_: web.Request) -> web.Response:
        assert given == structlog.contextvars.get_contextvars()["request_id"]
        return web.Response()

    async with served({"GET /": fine}) as address:
        for path in ("/", "/nowhere"):
            assert given == (await ask(address, "GET", path, x_request_id=given)).headers["X-Request-Id"]


@pytest.mark.parametrize("given", ["", "x" * 129, "a b", "é", "a\tb"])
async def test_an_unfit_request_id_is_replaced(given: str) -> None:
    """It could not go into a header, or would break a log line."""
    async with served({}) as address:
        first, second = [(await ask(address, x_request_id=given)).headers["X-Request-Id"] for _ in range(2)]
    assert re.fullmatch(r"req_[0-9a-f]{24}", first)
    assert first != second


def test_the_longest_prefix_chooses_the_surface() -> None:
    """A prefix ends at a slash; whatever is below none of them has the default."""
    default, outer, inner = odp_renderer(), odp_renderer(), odp_renderer()
    surface_for = surfaces({"/v1": outer, "/v1/customer": inner}, default)
    assert [inner, inner, outer, outer, default, default] == [
        surface_for(path)
        for path in ("/v1/customer", "/v1/customer/x", "/v1/customers", "/v1/x", "/v11", "/")
    ]


def test_the_timestamp_is_the_clocks() -> None:
    """RFC 3339 in UTC, to the millisecond."""
    response = odp_renderer(lambda: 1_800_000_000_007)(ApiError(400, "X", "m"), "id")
    assert b'"timestamp":"2027-01-15T08:00:00.007Z"' in bytes(response.body)  # type: ignore[arg-type]
    assert 2027 == from_millis(1_800_000_000_007).year
