"""What became of many dead letters: a line each as soon as it is done, or JSON of all."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import typer

from cli.counter import Desk
from cli.dead_letter_views import done_line, print_json
from cli.progress import Working
from contracts.admin.views import done_view
from domain.dead_letters.entities import Selection
from domain.dead_letters.use_case import Done
from domain.records import Outcome

AtDesk = Callable[[Callable[[Desk], Awaitable[bool]]], bool]
"""Does something at a desk, and says whether all went well."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """Tells of the letters of one selection."""

    selection: Selection
    done: str
    """What is done with them, for the progress bar."""
    as_json: bool
    words: Mapping[Outcome, str]
    """What outcomes are called."""
    view: Callable[[Done, Mapping[Outcome, str]], Mapping[str, Any]] = done_view
    line: Callable[[Done, Mapping[Outcome, str]], str] = done_line

    def __call__(self, at_desk: AtDesk, act: Callable[[Desk], AsyncIterator[Done]]) -> None:
        """Tell of each letter of `act`; the exit status is 1 where one was refused or is dead."""
        views: list[Mapping[str, Any]] = []

        async def use(desk: Desk) -> bool:
            good = True
            with Working(self.done) as bar:
                await bar.expect(desk, self.selection)
                async for done in act(desk):
                    good = good and not done.refused and not (done.trial and done.trial.fault)
                    if self.as_json:
                        views.append(self.view(done, self.words))
                    else:
                        typer.echo(self.line(done, self.words))
                    bar.count()
            return good

        good = at_desk(use)
        if self.as_json:
            print_json(views)
        if not good:
            raise typer.Exit(1)
