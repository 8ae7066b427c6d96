"""Progress bars of work on many dead letters, on standard error."""

import sys

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from cli.counter import Desk
from domain.dead_letters.entities import Selection


class Working(Progress):
    """A bar while it is entered; nothing where standard error is no terminal."""

    def __init__(self, description: str) -> None:
        """`description`: what is done with letters, such as `exported`."""
        console = Console(stderr=True)
        columns = (TextColumn("{task.description} {task.completed}"), BarColumn(), TimeRemainingColumn())
        super().__init__(
            *columns,
            console=console,
            disable=not console.is_terminal,
            transient=True,
            # Lines that go to a file must not be shown above the bar instead.
            redirect_stdout=sys.stdout.isatty(),
        )
        self._bar: TaskID = self.add_task(description, total=None)

    async def expect(self, desk: Desk, selection: Selection) -> None:
        """Show the whole as long as what is selected, where an index says how many that is."""
        if not (self.disable or selection.ids or selection.is_searched):
            self.expect_as_many_as(sum(group.count for group in await desk.letters.groups(selection)))

    def expect_as_many_as(self, letters: int) -> None:
        """Show the whole as so many letters."""
        self.update(self._bar, total=letters)

    def count(self, letters: int = 1) -> None:
        """So many letters more are done."""
        self.advance(self._bar, letters)
