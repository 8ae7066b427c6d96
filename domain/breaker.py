"""When too much fails: the rule by which replay jobs and the ingestor's dead-lettering are stopped."""

from collections import deque
from dataclasses import dataclass


def too_many(failed: int, tried: int, *, share: float, least: int) -> bool:
    """Whether more than `share` (0 to 1) of `tried` failed; never before `least` were tried."""
    return tried >= least and failed > share * tried


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """When the ingestor stops taking from the queue, and for how long."""

    share: float
    """Of the records looked at, 0 to 1; it stops where more than this become dead letters."""
    window: int
    """The newest records, which are looked at."""
    least: int
    """Records before anything is concluded."""
    pause_ms: int
    """Milliseconds until one message is tried."""


class FailureWindow:
    """How many of the newest records failed."""

    def __init__(self, size: int) -> None:
        """Looks at `size` records, or a few more: what was noted together goes together."""
        self._size = size
        self._noted: deque[tuple[int, int]] = deque()
        self.tried = 0
        self.failed = 0

    def add(self, tried: int, failed: int) -> None:
        """`failed` of the next `tried` records failed."""
        self._noted.append((tried, failed))
        self.tried += tried
        self.failed += failed
        while self.tried - self._noted[0][0] >= self._size:
            old_tried, old_failed = self._noted.popleft()
            self.tried -= old_tried
            self.failed -= old_failed

    def clear(self) -> None:
        """Forget all of them."""
        self._noted.clear()
        self.tried = self.failed = 0
