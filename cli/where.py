"""Where the dead letters of a command are: on this machine, or at a Portico elsewhere."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from cli.counter import Desk
from cli.dead_letter_flags import name_of
from cli.errors import RemoteError, SettingError
from cli.flag_sets import taking
from cli.logs import configure_logs
from cli.operator_parts import run
from cli.terminal import DataDir, fail, settings_of
from domain.dead_letters.errors import RepairError
from domain.errors import TransientError

_T = TypeVar("_T")
_Use = Callable[[Desk], Awaitable[_T]]


@dataclass(frozen=True, slots=True)
class Where:
    """A place, as the flags name it."""

    data_dir: Path | None
    url: str | None
    token_file: Path | None

    def look(self, use: _Use[_T]) -> _T:
        """What `use` makes of a desk at which nothing is done that names who does it.

        Ends the command, in words, where something cannot be.
        """
        return self._here("", use) if self.url is None else self._there(self.url, use)

    def act(self, actor: str | None, use: _Use[_T]) -> _T:
        """What `use` makes of the desk of `actor`, or else of the user, or of whom the token names."""
        if self.url is None:
            return self._here(name_of(actor), use)
        if actor is not None:
            fail("--actor is for the letters of this machine: with --url the token says who you are")
        return self._there(self.url, use)

    def _here(self, actor: str, use: _Use[_T]) -> _T:
        if self.token_file is not None:
            fail("--token-file is for --url")
        return run(settings_of(data_dir=self.data_dir), actor, use)

    def _there(self, url: str, use: _Use[_T]) -> _T:
        if self.data_dir is not None:
            fail("give either --url or --data-dir")
        # Not at the top: commands beside the store need no HTTP client.
        from cli.remote.place import operator_token, use_remote  # noqa: PLC0415

        settings = settings_of()
        configure_logs("warning", settings.log_format)
        try:
            return asyncio.run(use_remote(url, operator_token(settings, self.token_file), use))
        except (RepairError, SettingError, RemoteError) as error:
            fail(str(error))
        except TransientError as error:
            fail(f"nothing can be done at {url} now: {error}")


def _where(
    *,
    data_dir: DataDir = None,
    url: Annotated[
        str | None, typer.Option(help="Admin port of a Portico elsewhere; https, or http on this machine.")
    ] = None,
    token_file: Annotated[
        Path | None,
        typer.Option(help="An operator's token for --url; PORTICO_OPERATOR_TOKEN if not given."),
    ] = None,
) -> Where:
    """The place that the flags name."""
    return Where(data_dir, url, token_file)


placed = taking("where", _where)
"""Gives a command with a parameter `where` the flags that say where."""
