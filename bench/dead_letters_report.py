"""What the benchmark of dead letters found, for people and for programs."""

import json
import os
import platform
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.dead_letters_pages import Times
from domain.replay.entities import MOST_A_PART
from domain.replay.part import BYTES_AT_ONCE, LETTERS_AT_ONCE


@dataclass(frozen=True, slots=True)
class Run:
    """Records that were ingested, or letters that were replayed."""

    kind: str
    records: int
    seconds: float
    memory_before: float
    """MiB resident in the process that did it."""
    memory_peak: float

    @property
    def rate(self) -> float:
        """Records a second."""
        return self.records / self.seconds


@dataclass(frozen=True, slots=True)
class Report:
    """All that was found."""

    day: str
    seed: int
    machine: dict[str, str]
    few: int
    many: int
    put: float
    """Letters a second that the store took."""
    pages_few: dict[str, Times | None]
    pages_many: dict[str, Times | None]
    runs: list[Run]

    def rate(self, kind: str) -> float:
        """Records a second over all runs of a kind."""
        runs = [run for run in self.runs if run.kind == kind]
        return sum(run.records for run in runs) / sum(run.seconds for run in runs) if runs else 0.0


def machine() -> dict[str, str]:
    """Where it runs."""
    model = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return {
        "processor": model[0].partition(":")[2].strip() if model else platform.machine(),
        "cores": str(os.cpu_count()),
        "Python": platform.python_version(),
        "load before": " ".join(f"{one:.1f}" for one in os.getloadavg()),
    }


def write(report: Report, folder: Path) -> None:
    """Into `dead-letters.md` and `dead-letters.json` of `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dead-letters.json").write_text(json.dumps(asdict(report), indent=2) + "\n")
    (folder / "dead-letters.md").write_text("\n".join(_lines(report)) + "\n")


def _lines(report: Report) -> Iterator[str]:
    yield "# Dead letters in masses"
    yield ""
    yield "Written by `make bench-dead-letters`, on `portico up` with its embedded queue."
    yield ""
    yield f"{report.day}, seed {report.seed}; " + ", ".join(
        f"{name} {value}" for name, value in report.machine.items()
    )
    yield ""
    yield "## Pages"
    yield ""
    asked = max((page.asked for page in report.pages_many.values() if page is not None), default=0)
    yield (
        f"Milliseconds with {report.few} letters, and with {report.many}; a page of a list has 50 of them. "
        f"Each was asked for {asked} times{_hint(asked)}."
    )
    yield ""
    yield from _table(
        ("page", "p50, few", "p50, many", "p95, many", "p99, many", "p50, many to few"),
        [(name, *_compared(few, report.pages_many[name])) for name, few in report.pages_few.items()],
    )
    yield ""
    yield "## Replay"
    yield ""
    yield "Ingestion of batches over REST, and replay jobs without a rate, in turns, in the same process."
    yield ""
    yield from _table(
        ("run", "records", "seconds", "records/s", "MiB before", "MiB at most"),
        [
            (
                run.kind,
                *map(_figure, (run.records, run.seconds, run.rate, run.memory_before, run.memory_peak)),
            )
            for run in report.runs
        ],
    )
    yield ""
    yield (
        f"Replay {report.rate('replay'):.0f}/s, ingestion {report.rate('ingestion'):.0f}/s: "
        f"a ratio of {report.rate('replay') / (report.rate('ingestion') or 1):.2f}, where 0.50 is wanted. "
        f"The repository took {report.put:.0f} letters/s."
    )
    yield ""
    yield (
        f"A job has a part of {MOST_A_PART} letters in hand; {LETTERS_AT_ONCE} letters, or "
        f"{BYTES_AT_ONCE // 2**20} MiB of them, are tried together, twice side by side."
    )


def _hint(asked: int) -> str:
    return "" if asked >= 100 else ": so few that p95 and p99 say little more than the slowest one"


def _compared(few: Times | None, many: Times | None) -> Sequence[str]:
    if few is None or many is None:
        return ("" if few is None else _figure(few.p50), "no answer", "", "", "")
    return [_figure(one) for one in (few.p50, many.p50, many.p95, many.p99, many.p50 / few.p50)]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    for row in (head, ["---"] * len(head), *rows):
        yield f"| {' | '.join(row)} |"


def _figure(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"
