"""Refusals that every surface of the gateway answers, whatever its protocol."""

from domain.errors import PermanentError, TransientError


class OverloadedError(TransientError):
    """A bound of this process is reached; nothing was begun."""


class RateLimitedError(TransientError):
    """The tenant is beyond its rate."""

    def __init__(self, retry_after: float) -> None:
        """`retry_after`: seconds until the same request would be admitted."""
        super().__init__(f"the rate limit is reached; retry in {retry_after:.1f} seconds")
        self.retry_after = retry_after


class KeysUnavailableError(TransientError):
    """No key to verify tokens with could be fetched yet."""


class ProviderUnavailableError(TransientError):
    """The OpenID provider whom operators log in with does not answer as it should."""


class AuthenticationError(PermanentError):
    """No token, or one that proves nothing."""

    def __init__(self, reason: str, *, token_given: bool = True) -> None:
        """`reason` is for the caller and holds nothing of the token."""
        super().__init__(reason)
        self.reason = reason
        self.token_given = token_given


class InsufficientScopeError(PermanentError):
    """The token is good and lacks a scope."""

    def __init__(self, required: str) -> None:
        """`required`: the scope that is missing."""
        super().__init__(f"the scope {required} is required")
        self.required = required


class IdempotencyConflictError(PermanentError):
    """The idempotency key was used before, with another body."""
