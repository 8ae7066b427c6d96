"""Times on the wire: RFC 3339 with a zone in, UTC with milliseconds stored."""

from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from contracts.types import Timestamp
from domain.clock import from_millis, to_millis

_TIMESTAMP: TypeAdapter[datetime] = TypeAdapter(Timestamp)


def instant(moment: datetime) -> datetime:
    """`moment` in UTC, its milliseconds kept and finer digits cut off (ruling R8)."""
    return from_millis(to_millis(moment))


def rfc3339(moment: datetime) -> str:
    """An aware datetime in UTC with `Z`, milliseconds where it has any (ruling R8)."""
    precision = "milliseconds" if moment.microsecond else "seconds"
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec=precision) + "Z"


def created_at(said: datetime | None, written: datetime, updated: datetime) -> datetime:
    """When a record came to be: as its sender `said`, else when it was first written here.

    It never came to be after it was last updated, whose time is that of the sender or of the acceptance.
    """
    return min(written, updated) if said is None else said


def instant_of(value: Any) -> datetime | None:
    """The instant of a valid wire timestamp; None for anything else."""
    millis = millis_of(value)
    return None if millis is None else from_millis(millis)


def millis_of(value: Any) -> int | None:
    """Milliseconds since the Unix epoch of a valid wire timestamp; None for anything else."""
    try:
        return to_millis(_TIMESTAMP.validate_python(value))
    except ValidationError:
        return None
