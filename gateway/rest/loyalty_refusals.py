"""What the loyalty ledger refuses, as answers (contracts B.10)."""

from domain.loyalty.errors import (
    InsufficientBalanceError,
    KeyReusedError,
    LoyaltyError,
    NoProgramError,
    RewardUnavailableError,
    UnknownEntryError,
    UnknownRewardError,
)
from gateway.rest.errors import ApiError


def loyalty_refusal(error: LoyaltyError) -> ApiError:
    """The answer to `error`."""
    match error:
        case InsufficientBalanceError():
            details = {"needed": error.needed, "available": error.available}
            return ApiError(409, "INSUFFICIENT_BALANCE", str(error), details=details)
        case RewardUnavailableError():
            return ApiError(409, "REWARD_UNAVAILABLE", str(error))
        case KeyReusedError():
            return ApiError(409, "IDEMPOTENCY_CONFLICT", str(error))
        case UnknownRewardError() | UnknownEntryError() | NoProgramError():
            return ApiError(404, "NOT_FOUND", str(error))
        case _:
            return ApiError(400, "INVALID_PAYLOAD", str(error))
