"""The report as a page of the documentation."""

from collections.abc import Iterator, Mapping
from typing import Any

from bench.reach import reaches

_HEAD = """\
# Benchmarks

Portico beside three peers and the limits of its parts, interleaved in one run on one machine. This page
and the plots are written by the benchmark, and so is [the report as data](report.json). Every figure is the
median over the turns, with the least and the most in brackets; a ratio is the median of the ratios within
the same turn. How to run it, what the rows mean and who the peers are: [method.md](method.md).
"""


def page(report: Mapping[str, Any]) -> str:
    """The Markdown page of a report."""
    return "\n".join(
        [
            _HEAD,
            *_surroundings(report),
            "",
            "## Targets",
            "",
            *_targets(report),
            "",
            *_reach(report),
            *(line for row in report["rows"] for line in _row(row)),
            *_failed(report),
            *_left_out(report),
        ]
    )


def _surroundings(report: Mapping[str, Any]) -> Iterator[str]:
    for name, value in report["surroundings"].items():
        yield f"- {name}: {value}"


def _targets(report: Mapping[str, Any]) -> Iterator[str]:
    yield "| Measure | Portico | Against | Ratio | Target | Met |"
    yield "|---|---|---|---|---|---|"
    for row in report["rows"]:
        own = next(one for one in row["contenders"] if one["role"] == "portico")
        for ratio in row["ratios"]:
            against = ratio["against"]
            if ratio["opponent"] != against:
                against += f" ({ratio['opponent']})"
            yield (
                f"| {row['title']} | {_number(own['median'])} {row['unit']} | {against} "
                f"| {_times(ratio['value'])} | {_asked(ratio)} |"
            )


def _asked(ratio: Mapping[str, Any]) -> str:
    if ratio["target"] is None:
        return "none | -"
    sign, met = "≤" if ratio["at_most"] else "≥", "yes" if ratio["met"] else "**no**"
    return f"{sign} {_times(ratio['target'])} | {met}"


def _reach(report: Mapping[str, Any]) -> Iterator[str]:
    found = list(reaches(report["rows"]))
    if not found:
        return
    yield "## What the limits reach"
    yield ""
    yield "A limit does a part of the work and nothing else. Portico may pass the publish limit, as its"
    yield "requests share messages; a target that every limit misses is out of reach of these parts, on this"
    yield "machine, with this store."
    yield ""
    yield "| Measure | Limit | Against the best peer | Target | The limit meets it |"
    yield "|---|---|---|---|---|"
    for one in found:
        target = f"{'≤' if one.at_most else '≥'} {_times(one.target)}"
        met = "yes" if one.is_enough else "**no**"
        yield f"| {one.measure} | {one.limit} | {_times(one.ratio)} | {target} | {met} |"
    yield ""


def _row(row: Mapping[str, Any]) -> Iterator[str]:
    title = row["title"]
    yield f"## {title if title.startswith('gRPC') else title[0].upper() + title[1:]}"
    yield ""
    yield f"![{row['title']}]({row['name']}.svg)"
    yield ""
    yield f"| | {row['unit']} | p50 / p95 / p99, ms | CPU-seconds per 1,000 | peak memory, MiB |"
    yield "|---|---|---|---|---|"
    for one in row["contenders"]:
        spread = f"{_number(one['median'])} ({_number(one['least'])} to {_number(one['most'])})"
        latency = " / ".join(_number(value) for value in one["latency_ms"].values()) or "-"
        cpu = ", ".join(f"{name} {value:.3g}" for name, value in one["cpu_seconds_per_thousand"].items())
        memory = ", ".join(f"{name} {value:.0f}" for name, value in one["peak_mib"].items())
        yield f"| {one['name']} | {spread} | {latency} | {cpu} | {memory} |"
    yield ""


def _failed(report: Mapping[str, Any]) -> Iterator[str]:
    if report["failed"]:
        yield "## Failed"
        yield ""
        yield from (f"- {title}: {words}" for title, words in report["failed"].items())
        yield ""


def _left_out(report: Mapping[str, Any]) -> Iterator[str]:
    if report["left_out"]:
        yield "## Left out"
        yield ""
        yield f"This was a {report['effort']} run, without these rows; `make bench ARGS=--full` has them:"
        yield ""
        yield from (f"- {title}" for title in report["left_out"])
        yield ""


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _times(ratio: float) -> str:
    return f"{ratio:.3g} ×"  # noqa: RUF001 - times
