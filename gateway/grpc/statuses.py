"""Exceptions as status codes. What was not meant for the caller never reaches him."""

from collections.abc import Sequence
from typing import NamedTuple

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message
from google.rpc.status_pb2 import Status as StatusMessage
from grpc import StatusCode

from domain.dead_letters.errors import RepairError
from domain.errors import TransientError
from domain.reading import AmbiguousKeyError
from gateway.errors import AuthenticationError, InsufficientScopeError, OverloadedError, RateLimitedError
from gateway.failures import log_failure
from gateway.grpc.operator_refusals import operator_refusal
from gateway.grpc.refusal import RefusedError
from gateway.paging import InvalidCursorError

_KNOWN: tuple[tuple[type[Exception], StatusCode, str], ...] = (
    (InvalidCursorError, StatusCode.INVALID_ARGUMENT, "the token is damaged or belongs to another list"),
    (AmbiguousKeyError, StatusCode.FAILED_PRECONDITION, "several customers share this key"),
    (OverloadedError, StatusCode.RESOURCE_EXHAUSTED, "overloaded; try again later"),
    (RateLimitedError, StatusCode.RESOURCE_EXHAUSTED, "the rate limit is reached; try again later"),
    (TransientError, StatusCode.UNAVAILABLE, "temporarily unavailable; try again later"),
    (TimeoutError, StatusCode.DEADLINE_EXCEEDED, "the deadline is over"),
)
"""The first that fits counts."""


DETAILS = "grpc-status-details-bin"
"""The trailing metadata that carry a status with details, as all of gRPC's clients read it."""


class Status(NamedTuple):
    """How a call ends."""

    code: StatusCode
    message: str
    details: Sequence[Message] = ()
    """Of `google.rpc`."""

    def metadata(self) -> tuple[tuple[str, bytes], ...]:
        """The trailing metadata with the details, if there are any."""
        if not self.details:
            return ()
        packed = []
        for detail in self.details:
            packed.append(AnyMessage())
            packed[-1].Pack(detail)
        number, _ = self.code.value
        status = StatusMessage(code=number, message=self.message, details=packed)
        return ((DETAILS, status.SerializeToString()),)


def status_of(error: Exception) -> Status:
    """The status that `error` ends a call with; what nobody foresaw is logged here, once."""
    if isinstance(error, RepairError):
        error = operator_refusal(error)
    if isinstance(error, RefusedError):
        return Status(error.code, error.message, error.details)
    if isinstance(error, AuthenticationError):
        return Status(StatusCode.UNAUTHENTICATED, error.reason)
    if isinstance(error, InsufficientScopeError):
        return Status(StatusCode.PERMISSION_DENIED, f"the scope {error.required} is required")
    for known, code, message in _KNOWN:
        if isinstance(error, known):
            return Status(code, message)
    return Status(StatusCode.INTERNAL, f"internal error {log_failure(error)}")
