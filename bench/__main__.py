"""`python -m bench`, which `make bench` runs."""

import signal
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
import uvloop

from bench.check import fallen_twice, keep_baseline, read_baseline
from bench.files import write_report
from bench.measure import Measure
from bench.measures import MEASURES
from bench.report import as_data, row_of
from bench.rounds import take_turns
from bench.services import ROOT, MissingError, services, store_at_hand
from bench.surroundings import surroundings
from bench.world import FULL, QUICK, Effort

_FOLDER = ROOT / "docs" / "benchmarks"
_BASELINE = _FOLDER / "baseline.json"
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def bench(
    full: Annotated[bool, typer.Option("--full", help="All rows, in more and longer turns.")] = False,
    only: Annotated[list[str] | None, typer.Option(help="A row to run; all if not given.")] = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Fail where a ratio fell, twice, by more than a fifth of the baseline's."
        ),
    ] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Make this run's ratios the baseline.")] = False,
    store: Annotated[str | None, typer.Option(help="Command of the server to store with.")] = None,
    folder: Annotated[Path, typer.Option(help="Where the report goes.")] = _FOLDER,
    rows: Annotated[bool, typer.Option("--list", help="Name the rows, and run nothing.")] = False,
) -> None:
    """Measure Portico beside its peers and its limits, and write the report."""
    if rows:
        for measure in MEASURES:
            typer.echo(f"{measure.name}: {measure.title}{', full runs only' if measure.full_only else ''}")
        return
    run = _Run(FULL if full else QUICK, store)
    measures = _chosen(only)
    with _told():
        title = store_at_hand(store)[0].title
        baseline = read_baseline(_BASELINE, title)
        if check and baseline is None:
            raise MissingError(f"There is no baseline of {title} to check against: --keep writes one.")
        report = run.measured(measures)
        write_report(report, folder)
        if keep:
            keep_baseline(_BASELINE, title, report)
        worse = fallen_twice(report, baseline, run.again) if check and baseline else []
    for line in worse:
        typer.echo(f"fell by more than a fifth: {line}", err=True)
    raise typer.Exit(1 if worse or report["failed"] else 0)


def _chosen(names: list[str] | None) -> list[Measure]:
    unknown = set(names or ()) - {measure.name for measure in MEASURES}
    if unknown:
        typer.echo(f"There are no such rows: {', '.join(sorted(unknown))}. --list names them.", err=True)
        raise typer.Exit(2)
    return [measure for measure in MEASURES if not names or measure.name in names]


@contextmanager
def _told() -> Iterator[None]:
    """What is missing ends the run in words."""
    try:
        yield
    except MissingError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error


@dataclass(frozen=True, slots=True)
class _Run:
    """How to measure, in this run."""

    effort: Effort
    store: str | None

    def measured(self, measures: list[Measure]) -> dict[str, Any]:
        """The report of `measures`."""
        # Asked to end, it ends what it started, as for Ctrl-C.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        return uvloop.run(_measure(measures, self.effort, self.store))

    def again(self, names: Collection[str]) -> dict[str, Any]:
        """The report of the rows of these names, which fell."""
        typer.echo(f"fell, and is measured again: {', '.join(names)}", err=True)
        return self.measured([measure for measure in MEASURES if measure.name in names])


async def _measure(measures: list[Measure], effort: Effort, store: str | None) -> dict[str, Any]:
    begun = time.monotonic()
    rows, failed = [], {}
    now = [measure for measure in measures if effort is FULL or not measure.full_only]
    async with services(effort, store) as world:
        for measure in now:
            try:
                rows.append(as_data(row_of(measure, await take_turns(measure, world, typer.echo))))
            except Exception as error:  # whatever it is, the other rows are still worth having
                failed[measure.title] = f"{type(error).__name__}: {error}"
                typer.echo(f"{measure.name} failed: {failed[measure.title]}", err=True)
        around = surroundings(world)
    around["duration"] = f"{time.monotonic() - begun:.0f} s, {effort.turns} turns of each contender"
    left_out = [measure.title for measure in measures if measure not in now]
    return {
        "effort": effort.name,
        "surroundings": around,
        "rows": rows,
        "failed": failed,
        "left_out": left_out,
    }


if __name__ == "__main__":
    app(prog_name="python -m bench")
