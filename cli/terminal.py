"""What every command says and hears on the terminal: its settings, and its refusals in words."""

from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from pydantic import ValidationError

from cli.settings import Settings

DataDir = Annotated[Path | None, typer.Option(help="Where the embedded default keeps its data and keys.")]

_WRONG = 2


def settings_of(**given: Any) -> Settings:
    """The settings: what was given on the command line, else the environment, else the defaults.

    Ends the command where one of them cannot be.
    """
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False, include_context=False)
        fail("\n".join(_setting_fault(fault["loc"], fault["msg"]) for fault in faults))


def fail(message: str) -> NoReturn:
    """End the command with `message` and the exit status 2."""
    typer.echo(message, err=True)
    raise typer.Exit(_WRONG)


def _setting_fault(location: tuple[int | str, ...], message: str) -> str:
    name = f"PORTICO_{str(location[0]).upper()}: " if location else ""
    return name + message.removeprefix("Value error, ")
