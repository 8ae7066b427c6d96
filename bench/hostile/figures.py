"""What samples say: percentiles, and whether two of them can be told apart."""

import math
from bisect import bisect_right
from collections.abc import Sequence


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of `values` lie; 0 where there are none."""
    ordered = sorted(values)
    if not ordered:
        return 0.0
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 2)


def mann_whitney(one: Sequence[float], other: Sequence[float]) -> float:
    """How likely two samples of one distribution differ as much in where they lie; for large samples.

    The two-sided p of Mann and Whitney's U, by the normal approximation.
    """
    n, m = len(one), len(other)
    ranked = sorted([(value, 0) for value in one] + [(value, 1) for value in other])
    ranks = sum(_mid_ranks(ranked))
    u = ranks - n * (n + 1) / 2
    z = (u - n * m / 2) / math.sqrt(n * m * (n + m + 1) / 12)
    return math.erfc(abs(z) / math.sqrt(2))


def _mid_ranks(ranked: list[tuple[float, int]]) -> list[float]:
    """The ranks of the first sample's values; equal values share the mean of theirs."""
    ranks: list[float] = []
    start = 0
    while start < len(ranked):
        end = start
        while end < len(ranked) and ranked[end][0] == ranked[start][0]:
            end += 1
        ranks += [(start + end + 1) / 2 for value, sample in ranked[start:end] if sample == 0]
        start = end
    return ranks


def kolmogorov_smirnov(one: Sequence[float], other: Sequence[float]) -> float:
    """How likely two samples of one distribution differ as much anywhere; for large samples."""
    first, second = sorted(one), sorted(other)
    distance = max(
        abs(bisect_right(first, value) / len(first) - bisect_right(second, value) / len(second))
        for value in [*first, *second]
    )
    reach = distance * math.sqrt(len(first) * len(second) / (len(first) + len(second)))
    series = sum((-1) ** (k - 1) * math.exp(-2 * (k * reach) ** 2) for k in range(1, 101))
    return 1.0 if reach < 0.2 else min(1.0, max(0.0, 2 * series))
