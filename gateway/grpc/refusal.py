"""What a call is refused with, on purpose: a status code and words that are meant for the caller."""

from collections.abc import Sequence
from typing import Self

import grpc
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest


class RefusedError(Exception):
    """Ends the call with `code`; the message reaches the caller."""

    def __init__(self, code: grpc.StatusCode, message: str, details: Sequence[Message] = ()) -> None:
        """`message` holds nothing but what the caller sent or may know; `details` of `google.rpc`."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = tuple(details)

    @classmethod
    def not_found(cls, message: str) -> Self:
        """NOT_FOUND."""
        return cls(grpc.StatusCode.NOT_FOUND, message)


def invalid(message: str) -> RefusedError:
    """INVALID_ARGUMENT."""
    return RefusedError(grpc.StatusCode.INVALID_ARGUMENT, message)


def invalid_field(field: str, message: str) -> RefusedError:
    """INVALID_ARGUMENT, with the field of the request that is wrong as BadRequest."""
    violation = BadRequest.FieldViolation(field=field, description=message)
    details = (BadRequest(field_violations=[violation]),)
    return RefusedError(grpc.StatusCode.INVALID_ARGUMENT, f"{field}: {message}", details)
