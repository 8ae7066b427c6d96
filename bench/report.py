"""From turns to the report's figures: median, spread, and ratios within the same turn."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from bench.measure import BEST_PEER, ITSELF, Measure, Role, Target
from bench.rounds import Series, Turn, values


@dataclass(frozen=True, slots=True)
class Figures:
    """One contender's figures in one row."""

    name: str
    role: str
    median: float
    least: float
    most: float
    values: list[float]
    latency_ms: dict[str, float]
    """By percentile, each the median over the turns."""
    cpu_seconds_per_thousand: dict[str, float]
    """By process, over all turns."""
    peak_mib: dict[str, float]
    """By process, the highest of all turns."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """Portico's value as a share of another's, the median over the turns."""

    against: str
    opponent: str
    """Who that was: of the peers the best, by median."""
    value: float
    target: float | None
    at_most: bool
    met: bool | None
    """None where nothing is asked."""


@dataclass(frozen=True, slots=True)
class Row:
    """One measure's figures."""

    name: str
    title: str
    unit: str
    less_is_better: bool
    contenders: list[Figures]
    ratios: list[Ratio]


def row_of(measure: Measure, found: Sequence[Series]) -> Row:
    """The figures of a measure's turns."""
    return Row(
        measure.name,
        measure.title,
        measure.unit,
        measure.less_is_better,
        [_figures(series) for series in found],
        [_ratio(measure, target, found) for target in measure.targets],
    )


def as_data(row: Row) -> dict[str, Any]:
    """The row as JSON says it."""
    return asdict(row)


def _figures(series: Series) -> Figures:
    taken = values(series)
    return Figures(
        series.contender,
        series.role.value,
        median(taken),
        min(taken),
        max(taken),
        list(taken),
        _median_of([turn.outcome.latency_ms for turn in series.turns]),
        _cpu(series.turns),
        {
            name: max(turn.peak_bytes[name] for turn in series.turns) / 1024**2
            for name in series.turns[0].peak_bytes
        },
    )


def _median_of(maps: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: median(one[name] for one in maps) for name in maps[0]}


def _cpu(turns: Sequence[Turn]) -> dict[str, float]:
    work = sum(turn.outcome.work for turn in turns)
    return {
        name: 1_000 * sum(turn.cpu_seconds[name] for turn in turns) / work for name in turns[0].cpu_seconds
    }


def _ratio(measure: Measure, target: Target, found: Sequence[Series]) -> Ratio:
    mine_all = [series for series in found if series.role is Role.PORTICO]
    if target.against == ITSELF:
        worst = max if target.at_most else min
        opponent, ratio = ITSELF, worst(median(values(series)) for series in mine_all)
    else:
        own, other = mine_all[0], _opponent(measure, target, found)
        opponent = other.contender
        ratio = median(mine / theirs for mine, theirs in zip(values(own), values(other), strict=True))
    return Ratio(target.against, opponent, ratio, target.ratio, target.at_most, _is_met(target, ratio))


def _is_met(target: Target, ratio: float) -> bool | None:
    if target.ratio is None:
        return None
    return ratio <= target.ratio if target.at_most else ratio >= target.ratio


def _opponent(measure: Measure, target: Target, found: Sequence[Series]) -> Series:
    if target.against != BEST_PEER:
        return next(series for series in found if series.contender == target.against)
    peers = [series for series in found if series.role is Role.PEER]
    best = min if measure.less_is_better else max
    return best(peers, key=lambda series: median(values(series)))
