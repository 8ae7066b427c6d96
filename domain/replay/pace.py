"""The pace of a job: its parts evenly in time."""

from domain.replay.entities import ReplayOptions

_FIRST_SHARE = 0.1
"""Of the rate, at the foot of the ramp."""


class Pace:
    """Says how long to wait before each part, from the moment that a process takes up the job."""

    def __init__(self, options: ReplayOptions, now: int) -> None:
        """`now` in milliseconds."""
        self._options = options
        self._begun = self._next = float(now)
        self._longest = 0.0

    def wait(self, letters: int, now: int) -> float:
        """Seconds to wait, at `now` (ms), before a part of so many letters; it is taken to begin then."""
        rate = self._options.rate
        if rate is None:
            return 0.0
        # However the clock jumps: never longer than the part before takes at this pace.
        pause = min(max(0.0, self._next - now), self._longest)
        begins = now + pause
        self._longest = letters / (rate * self._share(begins)) * 1000
        self._next = begins + self._longest
        return pause / 1000

    def _share(self, at: float) -> float:
        if not self._options.ramp:
            return 1.0
        climbed = max(0.0, at - self._begun) / (self._options.ramp * 1000)
        return min(1.0, _FIRST_SHARE + (1 - _FIRST_SHARE) * climbed)
