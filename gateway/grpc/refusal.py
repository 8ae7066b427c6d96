"""What a call is refused with, on purpose: a status code and words that are meant for the caller."""

from typing import Self

import grpc


class RefusedError(Exception):
    """Ends the call with `code`; the message reaches the caller."""

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        """`message` holds nothing but what the caller sent or may know."""
        super().__init__(message)
        self.code = code
        self.message = message

    @classmethod
    def not_found(cls, message: str) -> Self:
        """NOT_FOUND."""
        return cls(grpc.StatusCode.NOT_FOUND, message)


def invalid(message: str) -> RefusedError:
    """INVALID_ARGUMENT."""
    return RefusedError(grpc.StatusCode.INVALID_ARGUMENT, message)
