"""Everything that one operator can do, for every way in: commands, REST, gRPC, console."""

from dataclasses import dataclass
from typing import Protocol

from domain.dead_letters.patching import Patching
from domain.dead_letters.transfer import Transfer
from domain.dead_letters.use_case import DeadLetters
from domain.duplicates import Duplicates
from domain.replay.use_case import ReplayJobs


@dataclass(frozen=True, slots=True)
class Desk:
    """The use cases of one operator, who is named in all that they leave behind."""

    letters: DeadLetters
    patching: Patching
    jobs: ReplayJobs
    transfer: Transfer
    duplicates: Duplicates


class OpenDesk(Protocol):
    """Opens desks."""

    def __call__(self, actor: str, tenant: str | None = None) -> Desk:
        """The desk of `actor`, at which there is nothing of other tenants than `tenant`, if one is given."""
