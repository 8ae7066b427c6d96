"""Changes to the payloads of many dead letters at once."""

from typing import Protocol

from domain.dead_letters.errors import RepairError


class CannotChangeError(RepairError):
    """A change does not fit this payload."""


class Change(Protocol):
    """Makes another payload of each."""

    @property
    def words(self) -> str:
        """What it does, for the history and the audit; nothing of a payload."""

    def __call__(self, payload: bytes, /) -> bytes:
        """The payload that is to take the place of `payload`. Raises CannotChangeError."""
