"""A run against the baseline of its own store: no ratio may fall by more than a fifth.

What one store costs says nothing of another.
"""

import json
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

_FIFTH = 0.2
Baseline = Mapping[str, float]
"""Ratios by row and opponent, such as `accepted-batches / best peer`."""


def read_baseline(file: Path, store: str) -> Baseline | None:
    """The ratios kept of runs on `store`; None where there are none."""
    kept: dict[str, Baseline] = json.loads(file.read_text()) if file.exists() else {}
    return kept.get(store)


def keep_baseline(file: Path, store: str, report: Mapping[str, Any]) -> None:
    """Let the ratios of `report` be those to compare with, on `store`; rows that it has not stay."""
    kept: dict[str, Baseline] = json.loads(file.read_text()) if file.exists() else {}
    kept[store] = {**kept.get(store, {}), **ratios_of(report)}
    file.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n")


def ratios_of(report: Mapping[str, Any]) -> dict[str, float]:
    """The ratios of a report, as a baseline keeps them."""
    return {_key(row["name"], ratio): ratio["value"] for row in report["rows"] for ratio in row["ratios"]}


def fallen(report: Mapping[str, Any], baseline: Baseline) -> dict[str, list[str]]:
    """By row, in words, each ratio that is worse than its baseline by more than a fifth."""
    found = {row["name"]: list(_fallen_of(row, baseline)) for row in report["rows"]}
    return {name: words for name, words in found.items() if words}


def fallen_twice(
    report: Mapping[str, Any], baseline: Baseline, again: Callable[[Collection[str]], Mapping[str, Any]]
) -> list[str]:
    """In words, what fell and, measured once more by `again`, fell again: one bad second is no regression."""
    once = fallen(report, baseline)
    if not once:
        return []
    second = again(once)
    return [line for lines in fallen(second, baseline).values() for line in lines] + [*second["failed"]]


def _fallen_of(row: Mapping[str, Any], baseline: Baseline) -> list[str]:
    return [
        f"{key}: {ratio['value']:.3g}, and {before:.3g} in the baseline"
        for ratio in row["ratios"]
        if (before := baseline.get(key := _key(row["name"], ratio))) is not None
        and _is_worse(ratio["value"], before, at_most=ratio["at_most"])
    ]


def _is_worse(now: float, before: float, *, at_most: bool) -> bool:
    return now * (1 - _FIFTH) > before if at_most else now < before * (1 - _FIFTH)


def _key(row: str, ratio: Mapping[str, Any]) -> str:
    return f"{row} / {ratio['against']}"
