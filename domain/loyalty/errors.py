"""What a loyalty ledger refuses; trying again changes nothing."""

from domain.errors import PermanentError


class LoyaltyError(PermanentError):
    """A movement of points that the ledger does not take."""


class InsufficientBalanceError(LoyaltyError):
    """The account has fewer points than the movement takes."""

    def __init__(self, needed: int, available: int) -> None:
        """Both in points."""
        super().__init__(f"{needed} points are needed, {available} are available")
        self.needed = needed
        self.available = available


class UnknownRewardError(LoyaltyError):
    """The tenant's programme has no such reward."""


class RewardUnavailableError(LoyaltyError):
    """The reward is in the catalogue, and cannot be had at the moment."""


class UnknownEntryError(LoyaltyError):
    """The account's ledger has no such entry."""


class InvalidMovementError(LoyaltyError):
    """The movement breaks a rule of the ledger, whatever the balance is."""


class KeyReusedError(LoyaltyError):
    """The idempotency key was used before on this account, for something else."""


class NoProgramError(LoyaltyError):
    """The tenant has no loyalty programme."""
