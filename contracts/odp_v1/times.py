"""Times of the ODP v1 binding: RFC 3339 with a zone in, UTC with milliseconds stored."""

from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from contracts.types import Timestamp
from domain.clock import from_millis, to_millis

_TIMESTAMP: TypeAdapter[datetime] = TypeAdapter(Timestamp)


def instant(moment: datetime) -> datetime:
    """`moment` in UTC, its milliseconds kept and finer digits cut off (ruling R8)."""
    return from_millis(to_millis(moment))


def millis_of(value: Any) -> int | None:
    """Milliseconds since the Unix epoch of a valid wire timestamp; None for anything else."""
    try:
        return to_millis(_TIMESTAMP.validate_python(value))
    except ValidationError:
        return None
