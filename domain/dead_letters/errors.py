"""What an operator may get wrong; each says in words what. Nothing is changed then."""

from collections.abc import Sequence

from domain.dead_letters.entities import KeptLetter
from domain.errors import PermanentError
from domain.records import Fault


class RepairError(PermanentError):
    """What was asked for cannot be done."""


class NoSuchLetterError(RepairError):
    """There is no dead letter with this id."""

    def __init__(self, id: str) -> None:
        """`id` as it was given."""
        super().__init__(f"there is no dead letter {id}")


class EditConflictError(RepairError):
    """Somebody else changed the letter since the editor saw it."""

    def __init__(self, kept: KeptLetter) -> None:
        """`kept` is the letter as it is now."""
        super().__init__(f"somebody else changed {kept.id}: it has revision {kept.revision} now")
        self.kept = kept


class InvalidPayloadError(RepairError):
    """The contract does not take the edited payload."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        """`faults`: the first of each malformed record."""
        said = "; ".join(f"{fault.code} at {fault.pointer or '/'}: {fault.message}" for fault in faults)
        super().__init__(f"the contract does not take this: {said}")
        self.faults = tuple(faults)
