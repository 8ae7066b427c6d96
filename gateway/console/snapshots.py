"""What was read a moment ago, for all who look at it."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

_T = TypeVar("_T")
_LEAST = 1.0
"""Seconds that a reading is shown."""
_TIMES = 5.0
"""How many times as long as it took to read: so that looking costs the store little, whatever it holds."""


@dataclass(slots=True)
class _Reading(Generic[_T]):
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    values: list[_T] = field(default_factory=list)
    """One, once it was read."""
    until: float = 0.0


class Snapshots(Generic[_T]):
    """Readings by key. However many pages are open, each is read by one at a time, and not too often."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` is monotonic, in seconds."""
        self._clock = clock
        self._readings: dict[Hashable, _Reading[_T]] = {}

    async def get(self, key: Hashable, read: Callable[[], Awaitable[_T]]) -> _T:
        """What `read` gave a moment ago, or gives now. Raises what it raises."""
        self._forget()
        reading = self._readings.setdefault(key, _Reading())
        async with reading.lock:
            begun = self._clock()
            if not reading.values or begun >= reading.until:
                reading.values = [await read()]
                now = self._clock()
                reading.until = now + max(_LEAST, _TIMES * (now - begun))
            return reading.values[0]

    def _forget(self) -> None:
        now = self._clock()
        self._readings = {
            key: one for key, one in self._readings.items() if one.lock.locked() or now < one.until
        }
