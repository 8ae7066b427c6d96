"""The two signals of the path, never mixed: "this record is bad" and "not now"."""


class PorticoError(Exception):
    """An error that Portico raises itself."""


class TransientError(PorticoError):
    """Not now: the work is fine, a part it needs is away. Pause and try again."""


class StoreUnavailableError(TransientError):
    """The store did not answer, or could not promise that it kept the write."""


class ContentionError(TransientError):
    """Other writers changed the same records in every round that was tried."""


class QueueUnavailableError(TransientError):
    """The queue did not confirm in time; whether it kept the message is unknown."""


class QueueFullError(QueueUnavailableError):
    """The queue is at its length bound and refused the message; it was not kept."""


class QueueMissingError(QueueUnavailableError):
    """The broker took the message and had no queue to put it into; it was not kept."""


class PermanentError(PorticoError):
    """Trying again changes nothing."""


class MessageError(PermanentError):
    """A queued message that breaks the message contract."""
