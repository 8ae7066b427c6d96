"""Bar charts as numbers: a template draws them as SVG, style sheets colour them, no script is needed."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10

HEIGHT = 100.0
"""Of every chart, in its own units; it is stretched to the place that a page has for it."""
_STEPS = (1.0, 1.2, 1.6, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)


@dataclass(frozen=True, slots=True)
class Bar:
    """A part of a column, measured from the top of the chart."""

    kind: str
    """What it stands for: the class that gives it its colour."""
    top: float
    height: float


@dataclass(frozen=True, slots=True)
class Column:
    """One place on the time axis."""

    title: str
    """What it says, in words."""
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart of as many columns as it is wide."""

    ceiling: float
    """The value at its top; 0 is at the bottom."""
    columns: tuple[Column, ...]


Values = Sequence[tuple[str, float]]
"""Of one column: (kind, value), none of them negative."""


def stacked(titles: Sequence[str], columns: Sequence[Values]) -> Chart:
    """Each value on top of the one before."""
    ceiling = ceiling_of(max((sum(value for _, value in values) for values in columns), default=0.0))
    drawn = []
    for title, values in zip(titles, columns, strict=True):
        below, bars = 0.0, []
        for kind, value in values:
            if value:
                bars.append(_bar(kind, below, below + value, ceiling))
                below += value
        drawn.append(Column(title, tuple(bars)))
    return Chart(ceiling, tuple(drawn))


def overlaid(titles: Sequence[str], columns: Sequence[Values]) -> Chart:
    """Each value from the bottom, in front of the one before."""
    ceiling = ceiling_of(max((value for values in columns for _, value in values), default=0.0))
    return Chart(
        ceiling,
        tuple(
            Column(title, tuple(_bar(kind, 0.0, value, ceiling) for kind, value in values if value))
            for title, values in zip(titles, columns, strict=True)
        ),
    )


def ceiling_of(highest: float) -> float:
    """The least round number that is not below `highest`; 1 where there is nothing."""
    if highest <= 0:
        return 1.0
    power = 10.0 ** floor(log10(highest))
    return next((step * power for step in _STEPS if step * power >= highest), 10.0 * power)


def _bar(kind: str, low: float, high: float, ceiling: float) -> Bar:
    top = HEIGHT * (1 - high / ceiling)
    return Bar(kind, round(top, 3), round(HEIGHT * (high - low) / ceiling, 3))
