"""A run against the baseline: no ratio may fall by more than a fifth."""

from collections.abc import Mapping
from typing import Any

_FIFTH = 0.2
Baseline = Mapping[str, float]
"""Ratios by row and opponent, such as `accepted-batches / best peer`."""


def ratios_of(report: Mapping[str, Any]) -> dict[str, float]:
    """The ratios of a report, as a baseline keeps them."""
    return {_key(row, ratio): ratio["value"] for row in report["rows"] for ratio in row["ratios"]}


def fallen(report: Mapping[str, Any], baseline: Baseline) -> list[str]:
    """In words, each ratio that is worse than its baseline by more than a fifth."""
    return [
        f"{key}: {ratio['value']:.3g}, and {before:.3g} in the baseline"
        for row in report["rows"]
        for ratio in row["ratios"]
        if (before := baseline.get(key := _key(row, ratio))) is not None
        and _is_worse(ratio["value"], before, at_most=ratio["at_most"])
    ]


def _is_worse(now: float, before: float, *, at_most: bool) -> bool:
    return now * (1 - _FIFTH) > before if at_most else now < before * (1 - _FIFTH)


def _key(row: Mapping[str, Any], ratio: Mapping[str, Any]) -> str:
    return f"{row['name']} / {ratio['against']}"
