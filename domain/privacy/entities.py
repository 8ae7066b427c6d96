"""An erasure under way. All times in milliseconds since the Unix epoch."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from domain.privacy.person import Person


@dataclass(frozen=True, slots=True)
class ErasureJob:
    """What is left to do about a person; gone when it is done, for it says who he was."""

    id: str
    person: Person
    actor: str
    started_at: int
    until: int
    """What is no newer than this stays away; what was first stored later is not his any more."""
    newest: int
    """The time of the newest version of his customer record, which may be ahead of all clocks."""
    done: tuple[str, ...] = ()
    """Steps."""
    record_ids: tuple[str, ...] = ()
    """Ids of records of his that were found, the customer's first."""
    order_ids: tuple[str, ...] = ()
    """What senders call his orders."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """What was erased so far, by kind; at least this."""

    def counted(self, kind: str, number: int) -> "ErasureJob":
        """With `number` more of one kind."""
        return replace(self, counts={**self.counts, kind: self.counts.get(kind, 0) + number})
