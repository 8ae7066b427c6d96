"""What an operator may get wrong; each says in words what. Nothing is changed then."""

from domain.errors import PermanentError


class RepairError(PermanentError):
    """What was asked for cannot be done."""


class NoSuchLetterError(RepairError):
    """There is no dead letter with this id."""

    def __init__(self, id: str) -> None:
        """`id` as it was given."""
        super().__init__(f"there is no dead letter {id}")
