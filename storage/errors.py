"""What the store says when trying again changes nothing."""

from domain.errors import PermanentError


class StoreSetupError(PermanentError):
    """The store is set up wrongly: its address, an index, the embedded server. For an operator."""


class NotStorableError(PermanentError):
    """A document that the store can never hold."""
