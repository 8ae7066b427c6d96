"""The time, as an argument."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], int]
"""Milliseconds since the Unix epoch."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def system_clock() -> int:
    """The machine's wall clock, in milliseconds since the Unix epoch."""
    return time.time_ns() // 1_000_000


def from_millis(millis: int) -> datetime:
    """The UTC datetime of `millis` since the Unix epoch, exact for the whole calendar."""
    return _EPOCH + millis * _MILLISECOND


def to_millis(moment: datetime) -> int:
    """Milliseconds since the Unix epoch of an aware datetime, finer digits cut off."""
    return (moment - _EPOCH) // _MILLISECOND
