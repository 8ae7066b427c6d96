"""Everything that one operator can do, for every way in: commands, REST, gRPC, console."""

from collections.abc import Callable
from dataclasses import dataclass

from domain.dead_letters.use_case import DeadLetters


@dataclass(frozen=True, slots=True)
class Desk:
    """The use cases of one operator, who is named in all that they leave behind."""

    letters: DeadLetters


OpenDesk = Callable[[str], Desk]
"""The desk of the operator that is named."""
