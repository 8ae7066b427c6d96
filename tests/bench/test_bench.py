"""The benchmark's own arithmetic, and its command without any server."""

import subprocess
import sys
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from bench.check import fallen, fallen_twice, keep_baseline, ratios_of, read_baseline
from bench.latency import due_times, percentile, percentiles
from bench.measure import BEST_PEER, ITSELF, Contender, Measure, Outcome, Role, Target
from bench.measures import MEASURES
from bench.page import page
from bench.report import as_data, row_of
from bench.rounds import Series, Turn
from bench.world import World
from tests.architecture.source_tree import ROOT


def test_requests_are_due_at_an_even_rate_whatever_becomes_of_them() -> None:
    """Due times follow from the rate alone."""
    assert [0.0, 0.25, 0.5, 0.75] == due_times(4, 1.0)


def test_a_request_that_waited_for_a_slow_one_has_its_wait_counted() -> None:
    """A server that stands still for a second delays all requests due in it, not the one under way alone."""
    due = due_times(100, 2.0)
    done = [max(at, 1.0) + 0.001 for at in due]

    found = percentiles(due, done)

    assert 1.0 == pytest.approx(found["p50"])
    assert 900 < found["p95"] < found["p99"] <= 1_001


@pytest.mark.parametrize(("share", "expected"), [(50, 2.0), (75, 3.0), (99, 4.0), (100, 4.0), (1, 1.0)])
def test_a_percentile_is_a_value_that_was_taken(share: float, expected: float) -> None:
    """The smallest that so many do not pass."""
    assert expected == percentile([1.0, 2.0, 3.0, 4.0], share)


def test_there_is_no_percentile_of_nothing() -> None:
    """A load without any answer is an error, not a latency of 0."""
    with pytest.raises(ValueError, match="no latencies"):
        percentile([], 50)


@asynccontextmanager
async def _nobody(_: World) -> AsyncIterator[Sequence[Contender]]:
    yield []


def _measure(*targets: Target, less_is_better: bool = False) -> Measure:
    return Measure("a-row", "rows of a test", "rows/s", targets, _nobody, less_is_better)


def _series(name: str, role: Role, *values: float) -> Series:
    latency = {"p50": 1.0, "p95": 2.0, "p99": 3.0}
    turns = [Turn(Outcome(value, 500, latency), {"gateway": 0.25}, {"gateway": 1024**2}) for value in values]
    return Series(name, role, turns)


_FOUND = [
    _series("Portico", Role.PORTICO, 100, 300, 90),
    _series("Slow", Role.PEER, 10, 10, 10),
    _series("Quick", Role.PEER, 20, 30, 30),
    _series("the limit", Role.LIMIT, 100, 200, 180),
]


def test_a_ratio_is_the_median_of_the_ratios_within_a_turn() -> None:
    """Both of a pair ran while the machine was the same; the best peer is the one with the best median."""
    targets = (Target(BEST_PEER, 8), Target("the limit", 0.5))

    peer, limit = row_of(_measure(*targets), _FOUND).ratios

    assert ("Quick", 5.0, False) == (peer.opponent, peer.value, peer.met)
    assert ("the limit", 1.0, True) == (limit.opponent, limit.value, limit.met)


def test_where_less_is_better_the_best_peer_has_the_least() -> None:
    """And a ratio may have to be small."""
    measure = _measure(Target(BEST_PEER, 10, at_most=True), less_is_better=True)

    [ratio] = row_of(measure, _FOUND).ratios

    assert ("Slow", 10.0, True) == (ratio.opponent, ratio.value, ratio.met)


def test_a_ratio_of_its_own_is_the_value() -> None:
    """Such as p99 by p50."""
    [ratio] = row_of(_measure(Target(ITSELF, 5, at_most=True)), _FOUND).ratios

    assert (100, False) == (ratio.value, ratio.met)


def test_cpu_time_is_counted_by_work_and_memory_by_its_peak() -> None:
    """Three turns of 500 and a quarter of a second each."""
    [own, *_] = row_of(_measure(), _FOUND).contenders

    assert {"gateway": 0.5} == own.cpu_seconds_per_thousand
    assert {"gateway": 1.0} == own.peak_mib
    assert (100, 90, 300) == (own.median, own.least, own.most)


@pytest.fixture
def report() -> dict[str, Any]:
    """A report of one row."""
    row = row_of(_measure(Target(BEST_PEER, 8), Target("the limit", 0.5)), _FOUND)
    around = {"store": "a store, 1.0"}
    return {
        "effort": "quick",
        "surroundings": around,
        "rows": [as_data(row)],
        "failed": {"a broken row": "RuntimeError: it does not listen"},
        "left_out": ["a long row"],
    }


def test_the_page_says_what_was_measured_and_what_was_not(report: dict[str, Any]) -> None:
    """Targets met and missed, figures with their spread, the store, rows that failed and rows left out."""
    text = page(report)

    assert "| rows of a test | 100 rows/s | best peer (Quick) | 5 × | ≥ 8 × | **no** |" in text  # noqa: RUF001
    assert "| rows of a test | 100 rows/s | the limit | 1 × | ≥ 0.5 × | yes |" in text  # noqa: RUF001
    assert "| Portico | 100 (90 to 300) | 1 / 2 / 3 | gateway 0.5 | gateway 1 |" in text
    assert "- store: a store, 1.0" in text
    assert "- a broken row: RuntimeError: it does not listen" in text
    assert "- a long row" in text


def test_the_page_shows_a_ratio_of_which_nothing_is_asked(report: dict[str, Any]) -> None:
    """Neither met nor missed."""
    report["rows"] = [as_data(row_of(_measure(Target("the limit", None)), _FOUND))]

    assert "| rows of a test | 100 rows/s | the limit | 1 × | none | - |" in page(report)  # noqa: RUF001


def test_the_page_says_how_far_the_limits_come(report: dict[str, Any]) -> None:
    """Beside the best peer, by the ratios within a turn: what is out of reach shows."""
    row = report["rows"][0]
    line = "| rows of a test | the limit | 6 × | ≥ 8 × | **no** |"  # noqa: RUF001 - times
    assert line in page(report)

    row["ratios"][0]["target"] = 6
    assert line.replace("8", "6").replace("**no**", "yes") in page(report)


@pytest.mark.parametrize("writing", ["bulk_write limit", "bulk_write limit with identities"])
def test_the_page_adds_up_what_bare_publishing_and_writing_take(report: dict[str, Any], writing: str) -> None:
    """The CPU time of the whole way has no limit of its own: it is that of its two halves."""
    [row] = report["rows"]
    publish, bulk, whole = (deepcopy(row) for _ in range(3))
    halves = ((publish, "accepted-batches", "publish limit"), (bulk, "stored-new", writing))
    for one, name, limit in halves:
        one["name"], one["ratios"] = name, []
        one["contenders"][3]["name"] = limit
    whole["name"], whole["ratios"] = "cpu", [{**row["ratios"][0], "target": 50, "at_most": True}]
    whole["contenders"] = row["contenders"][:3]
    report["rows"] = [publish, bulk, whole]

    # half a CPU-second per thousand each, beside a peer of 30 per million
    expected = f"| rows of a test | publish limit and {writing} | 33.3 × | ≤ 50 × | yes |"  # noqa: RUF001
    assert expected in page(report)
    assert 1 == page(report).count("publish limit and ")


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        pytest.param(5.0, {}, id="the same"),
        pytest.param(6.2, {}, id="less, within a fifth"),
        pytest.param(
            6.3, {"a-row": ["a-row / best peer: 5, and 6.3 in the baseline"]}, id="less by more than a fifth"
        ),
    ],
)
def test_the_check_fails_a_ratio_that_fell_by_more_than_a_fifth(
    report: dict[str, Any], before: float, expected: dict[str, list[str]]
) -> None:
    """And no other; what the baseline does not know cannot fall."""
    assert expected == fallen(report, {"a-row / best peer": before})


def test_the_check_fails_a_ratio_that_ought_to_be_small_and_grew(report: dict[str, Any]) -> None:
    """The same, the other way round."""
    for ratio in report["rows"][0]["ratios"]:
        ratio["at_most"] = True

    assert {} == fallen(report, {"a-row / best peer": 4.1})
    worse = fallen(report, {"a-row / best peer": 3.9})
    assert {"a-row": ["a-row / best peer: 5, and 3.9 in the baseline"]} == worse


def test_a_baseline_is_the_ratios_of_a_run(report: dict[str, Any]) -> None:
    """A run is never worse than itself."""
    assert {"a-row / best peer": 5.0, "a-row / the limit": 1.0} == ratios_of(report)
    assert {} == fallen(report, ratios_of(report))


@pytest.mark.parametrize(
    ("value", "found"), [(5.0, []), (3.0, ["a-row / best peer: 3, and 5 in the baseline"])]
)
def test_what_fell_once_is_measured_again(report: dict[str, Any], value: float, found: list[str]) -> None:
    """It counts where it falls twice; what did not fall is not measured again."""
    [best, limit] = report["rows"][0]["ratios"]

    def again(names: Collection[str]) -> dict[str, Any]:
        assert ["a-row"] == list(names)
        return {
            **report,
            "rows": [{**report["rows"][0], "ratios": [{**best, "value": value}, limit]}],
            "failed": {},
        }

    fell = {**report, "rows": [{**report["rows"][0], "ratios": [{**best, "value": 2.0}, limit]}]}
    assert [] == fallen_twice(report, {"a-row / best peer": 5.0}, lambda _: {})
    assert found == fallen_twice(fell, {"a-row / best peer": 5.0}, again)


def test_a_baseline_is_kept_for_each_store_alone(report: dict[str, Any], tmp_path: Path) -> None:
    """What another store's ratios are is nobody's measure; a run of some rows leaves the others."""
    file = tmp_path / "baseline.json"
    assert read_baseline(file, "a store") is None
    keep_baseline(file, "a store", report)
    keep_baseline(file, "another", {"rows": []})
    keep_baseline(file, "a store", {"rows": []})

    assert ratios_of(report) == read_baseline(file, "a store")
    assert {} == read_baseline(file, "another")


def _bench(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "bench", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def test_the_rows_are_listed_without_any_server() -> None:
    """Each with its name, which `--only` takes."""
    done = _bench("--list")

    assert 0 == done.returncode
    assert [one.name for one in MEASURES] == [line.partition(":")[0] for line in done.stdout.splitlines()]


def test_an_unknown_row_is_an_error_in_words() -> None:
    """Exit code 2, before anything is started."""
    done = _bench("--only", "no-such-row")

    assert (2, "There are no such rows: no-such-row. --list names them.\n") == (done.returncode, done.stderr)
