"""What a run has at hand: the broker, the store, a place for files, and how long it may take."""

import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured."""

    name: str
    seconds: float
    """Of one turn, about."""
    warm_up: float
    turns: int
    """Of each contender, interleaved."""
    largest_store: int
    """Customers in the grown store, where they can be stored in time."""
    within: float
    """Seconds that the run takes at most."""


QUICK = Effort("quick", seconds=0.45, warm_up=0.2, turns=3, largest_store=20_000, within=180.0)
FULL = Effort("full", seconds=3.0, warm_up=1.0, turns=5, largest_store=3_000_000, within=1_200.0)


@dataclass(frozen=True)
class World:
    """The surroundings of every measure of one run."""

    effort: Effort
    begun: float
    """When, by the monotonic clock."""
    home: Path
    """For logs and data, gone after the run."""
    amqp_url: str
    mongodb_url: str
    """Writes through it are journaled by a majority, whoever makes them."""
    store: str
    """What serves MongoDB's wire protocol, and its version."""
    servers: dict[str, int]
    """Broker and store, name and pid."""
    bench_python: Path
    """The Python of the benchmark's own environment."""
    load_before: float
    """The machine's load before the run: one that is busy with other things measures those."""
    node_modules: Path
    """Where the peer on Node finds its packages."""

    @property
    def seconds_left(self) -> float:
        """Until the run is to be over."""
        return self.begun + self.effort.within - time.monotonic()
