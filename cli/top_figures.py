"""The figures of a running Portico, from two readings of its metrics."""

import math
import time
from collections import defaultdict
from dataclasses import dataclass

import aiohttp
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from cli.status import StatusError

_TIMEOUT = aiohttp.ClientTimeout(total=5)


@dataclass(frozen=True, slots=True)
class Reading:
    """Every sample of a process, at one moment."""

    at: float
    """Monotonic, in seconds."""
    samples: tuple[Sample, ...]

    def total(self, name: str, **labels: str) -> float | None:
        """The sum of the samples `name` that have `labels`; None where there are none, or one is unknown."""
        found = [one.value for one in self._found(name, labels)]
        return None if not found or any(map(math.isnan, found)) else sum(found)

    def by(self, label: str, name: str, **labels: str) -> dict[str, float]:
        """The same for each value of `label`, by name."""
        found: defaultdict[str, float] = defaultdict(float)
        for one in self._found(name, labels):
            found[one.labels.get(label, "")] += one.value
        return dict(sorted(found.items()))

    def _found(self, name: str, labels: dict[str, str]) -> list[Sample]:
        return [
            one for one in self.samples if one.name == name and labels.items() <= dict(one.labels).items()
        ]


@dataclass(frozen=True, slots=True)
class Frame:
    """What is now, and what has changed since a moment before."""

    now: Reading
    before: Reading

    def rate(self, name: str, **labels: str) -> float | None:
        """What a counter gained a second; None where there is no such counter."""
        now = self.now.total(name, **labels)
        if now is None:
            return None
        return self._a_second(now, self.before.total(name, **labels) or 0.0)

    def rates(self, label: str, name: str, **labels: str) -> dict[str, float]:
        """The same for each value of `label`."""
        before = self.before.by(label, name, **labels)
        return {
            value: self._a_second(now, before.get(value, 0.0))
            for value, now in self.now.by(label, name, **labels).items()
        }

    def mean(self, name: str, **labels: str) -> float | None:
        """The mean of what a histogram observed in between; None where it observed nothing."""
        count = self.rate(f"{name}_count", **labels)
        return (self.rate(f"{name}_sum", **labels) or 0.0) / count if count else None

    def _a_second(self, now: float, before: float) -> float:
        # A process that was started again counts from 0.
        gained = now - before if now >= before else now
        return gained / max(0.001, self.now.at - self.before.at)


async def read(session: aiohttp.ClientSession, url: str) -> Reading:
    """A reading of the process whose admin port is at `url`. Raises StatusError."""
    try:
        async with session.get(f"{url}/metrics", timeout=_TIMEOUT) as response:
            text = await response.text()
        samples = [one for family in text_string_to_metric_families(text) for one in family.samples]
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        raise StatusError(f"no Portico answers at {url}") from error
    ours = tuple(one for one in samples if one.name.startswith("portico_"))
    if not ours:
        raise StatusError(f"what answers at {url} is no Portico")
    return Reading(time.monotonic(), ours)
