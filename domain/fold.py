"""How a record changes what came by its contract before it. Each contract chooses; all are pure.

Whatever a fold does, it must not matter in which order the same records are folded: that is what
makes redelivery, parallel ingestors and replays harmless (invariants 3 and 4).
"""

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from domain.records import Record, SourceState


class Effect(Enum):
    """What a record did."""

    CHANGED = "changed"
    """It says something new."""
    CONFIRMED = "confirmed"
    """It says what is known, at most for a later time."""
    IGNORED = "ignored"
    """What is known is newer."""
    CONFLICTING = "conflicting"
    """It contradicts what cannot change any more."""


class Folding(NamedTuple):
    """The result of a fold."""

    effect: Effect
    state: "SourceState"
    """What is known now; the very state that was folded onto where nothing is to be written."""


class Fold(Protocol):
    """Folds `record` onto what came by its contract before; None where nothing did."""

    def __call__(self, previous: "SourceState | None", record: "Record") -> Folding:
        """What is known once `record` is, too."""


def newest_stands(previous: "SourceState | None", record: "Record") -> Folding:
    """The whole of the newest version stands."""
    if previous is None:
        return Folding(Effect.CHANGED, record.state())
    if record.digest == previous.digest:
        # The same content said again, later: nothing changes but the version it is true for.
        # Without that, a version between the two that arrives last would be taken for newer.
        newer = record.version > previous.version
        state = record.state() if newer else previous
        return Folding(Effect.CONFIRMED, state)
    if record.version > previous.version:
        return Folding(Effect.CHANGED, record.state())
    return Folding(Effect.IGNORED, previous)


def first_stands(previous: "SourceState | None", record: "Record") -> Folding:
    """A fact does not change: the same one again is known, another one under its name a conflict."""
    if previous is None:
        return Folding(Effect.CHANGED, record.state())
    effect = Effect.CONFIRMED if record.digest == previous.digest else Effect.CONFLICTING
    return Folding(effect, previous)
