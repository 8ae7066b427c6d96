"""Replay jobs on the terminal."""

import sys
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cli.dead_letter_views import clean
from contracts.admin.job_views import job_view, outcomes_view
from domain.replay.entities import JobState, ReplayJob, ReplayLine


class Bar:
    """A progress bar on standard error, while it is entered; nothing where that is no terminal."""

    def __init__(self, job: ReplayJob) -> None:
        """Of `job`."""
        console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
            # Lines that go to a file must not be shown above the bar instead.
            redirect_stdout=sys.stdout.isatty(),
        )
        self._task = self._progress.add_task(job.state.value, total=job.total)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def show(self, job: ReplayJob) -> None:
        """Show how far it is now."""
        self._progress.update(self._task, completed=job.progress.letters, description=job.state.value)


def line_text(line: ReplayLine) -> str:
    """What became of a letter, on one line."""
    if line.trial is None:
        return f"{line.letter_id}\t{line.refused}"
    said = ", ".join(f"{word} {count}" for word, count in outcomes_view(line.trial.outcomes).items())
    if line.fault is not None:
        fault = (line.fault.code, line.fault.pointer, line.fault.message)
        said = "\t".join((said, *map(clean, fault)))
    return f"{line.letter_id}\t{said}"


def job_words(job: ReplayJob) -> str:
    """How a job stands, on one line."""
    progress = job.progress
    said = f"{job.state}: {progress.letters} of {job.total} letters"
    if progress.failed or progress.refused:
        said += f", {progress.failed} failed again, {progress.refused} refused"
    if job.state is JobState.STOPPED:
        said += "; too many failed"
    return f"{said}; it waits: {clean(job.waiting)}" if job.waiting else said


def job_rows(job: ReplayJob) -> list[tuple[str, str]]:
    """A job in a table of names and values, without what is not set."""
    view = job_view(job)
    pairs = [(name, _text(value)) for name, value in view.items()]
    return [(name, text) for name, text in pairs if text]


def _text(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {part}" for name, part in value.items())
    return "" if value is None else str(value)
