"""One plot a row, as SVG and PNG: `python plots.py report.json folder`, in the benchmark's environment."""

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt

_COLOURS = {"portico": "#0b6e4f", "peer": "#8d99ae", "limit": "#d9a441"}


def main() -> None:
    """Draw every row of the report."""
    report, folder = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2])
    mpl.rcParams["svg.hashsalt"] = "portico"  # the same figures give the same file
    for row in report["rows"]:
        figure = _draw(row, report["surroundings"])
        figure.savefig(folder / f"{row['name']}.svg", metadata={"Date": None})
        figure.savefig(folder / f"{row['name']}.png", dpi=110)
        plt.close(figure)


def _draw(row: dict[str, Any], surroundings: dict[str, str]) -> Any:
    found = list(reversed(row["contenders"]))
    figure, axes = plt.subplots(figsize=(8, 1.2 + 0.5 * len(found)), layout="constrained")
    middles = [one["median"] for one in found]
    spreads = [
        [one["median"] - one["least"] for one in found],
        [one["most"] - one["median"] for one in found],
    ]
    axes.barh(
        [one["name"] for one in found],
        middles,
        xerr=spreads,
        color=[_COLOURS[one["role"]] for one in found],
        error_kw={"ecolor": "#333333", "capsize": 3},
    )
    room = max(one["most"] for one in found)
    for place, one in enumerate(found):
        text = f"{one['median']:,.0f}" if one["median"] >= 100 else f"{one['median']:.3g}"
        axes.text(one["most"] + 0.015 * room, place, text, va="center", fontsize=9)
    axes.set_xlim(0, 1.15 * room)
    unit = row["unit"] + (", less is better" if row["less_is_better"] else "")
    axes.set_xlabel(f"{unit}\n{surroundings['store']}", fontsize=8)
    axes.set_title(row["title"], fontsize=11, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    return figure


if __name__ == "__main__":
    main()
