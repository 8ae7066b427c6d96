"""How far the limits themselves come beside the best peer."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from bench.measure import BEST_PEER

_MILLION = 1_000_000
_BARE = [
    {"accepted-batches": "publish limit", "stored-new": writing}
    for writing in ("bulk_write limit", "bulk_write limit with identities")
]
"""The rows whose limits take a record from its POST to the store, each half of the way."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What a limit reaches where a ratio to the best peer is asked of Portico."""

    measure: str
    limit: str
    ratio: float
    target: float
    at_most: bool

    @property
    def is_enough(self) -> bool:
        """Whether the limit meets the target itself."""
        return self.ratio <= self.target if self.at_most else self.ratio >= self.target


def reaches(rows: Sequence[Mapping[str, Any]]) -> Iterator[Reach]:
    """Those of all rows of a report that have a peer."""
    for row in rows:
        for asked in row["ratios"]:
            if asked["against"] == BEST_PEER and asked["target"] is not None:
                for name, ratio in _ratios(row, asked["opponent"], rows):
                    yield Reach(row["title"], name, ratio, asked["target"], asked["at_most"])


def _ratios(
    row: Mapping[str, Any], peer: str, rows: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[str, float]]:
    theirs = next(one["values"] for one in row["contenders"] if one["name"] == peer)
    for limit in (one for one in row["contenders"] if one["role"] == "limit"):
        yield limit["name"], median(mine / other for mine, other in zip(limit["values"], theirs, strict=True))
    for limits in _BARE if row["name"] == "cpu" else ():
        if (bare := _bare_cpu(limits, rows)) is not None:
            yield " and ".join(limits.values()), bare / median(theirs)


def _bare_cpu(limits: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> float | None:
    """CPU-seconds per million records of what `limits` do, by row, and nothing else."""
    found = [
        sum(one["cpu_seconds_per_thousand"].values())
        for row in rows
        for one in row["contenders"]
        if limits.get(row["name"]) == one["name"]
    ]
    return sum(found) * _MILLION / 1_000 if len(found) == len(limits) else None
