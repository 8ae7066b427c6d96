"""The words of the benchmark: a measure is a row of the table, contenders take turns in it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from enum import StrEnum

from bench.world import World


class Role(StrEnum):
    """What a contender stands for."""

    PORTICO = "portico"
    PEER = "peer"
    LIMIT = "limit"


BEST_PEER = "best peer"
ITSELF = "itself"
"""The value is a ratio already, such as that of two percentiles of the same run."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one turn of a contender brought."""

    value: float
    """In the measure's unit."""
    work: int
    """Requests or records, for the CPU time each took."""
    latency_ms: Mapping[str, float] = field(default_factory=dict)
    """By percentile, where latencies were taken."""


@dataclass(frozen=True)
class Contender:
    """One of those that take turns."""

    name: str
    role: Role
    turn: Callable[[float], Awaitable[Outcome]]
    """Runs for about so many seconds."""
    processes: Mapping[str, int] = field(default_factory=dict)
    """Its own processes, name and pid; broker and store are read beside them."""


@dataclass(frozen=True, slots=True)
class Target:
    """What is asked of Portico's value as a share of another's."""

    against: str
    """`BEST_PEER`, `ITSELF`, or a limit's name."""
    ratio: float | None
    """None where nothing is asked, as of a machine that cannot show it: then it is measured alone."""
    at_most: bool = False


@dataclass(frozen=True)
class Measure:
    """One row of the table."""

    name: str
    title: str
    unit: str
    targets: Sequence[Target]
    contenders: Callable[[World], AbstractAsyncContextManager[Sequence[Contender]]]
    less_is_better: bool = False
    full_only: bool = False
    """Left out of a quick run, which says so."""
    turns: int | None = None
    """Turns each, where they are fewer than usual because a turn is long."""
