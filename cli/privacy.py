"""`portico privacy`: everything about one person, given out or erased."""

import json
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar

import typer

from cli.beside import with_store
from cli.dead_letter_flags import Actor, name_of
from cli.privacy_parts import erasing, exporting
from cli.settings import Settings
from cli.terminal import DataDir, fail, settings_of
from domain.reading import AmbiguousKeyError
from storage.store import Store

app = typer.Typer(help="Everything about one person: given out, or erased.", no_args_is_help=True)

_NOTHING = 1
_T = TypeVar("_T")

Tenant = Annotated[str, typer.Option(help="The tenant.")]
Customer = Annotated[
    str, typer.Option(help="The person, by any id or name that reads take, or as type:value (email:a@b.c).")
]


@app.command()
def export(
    tenant: Tenant,
    customer: Customer,
    output: Annotated[
        Path | None, typer.Option(help="File to write to, for its owner alone; standard output if not given.")
    ] = None,
    actor: Actor = None,
    data_dir: DataDir = None,
) -> None:
    """Print everything that is kept of a person, as one JSON document. It is audited.

    Exits 1 where nothing is kept.
    """
    settings = settings_of(data_dir=data_dir)
    name = name_of(actor)
    found = _with_store(settings, lambda store: exporting(settings, store, name)(tenant, customer))
    if found is None:
        _say_nothing_found()
    text = json.dumps(found, ensure_ascii=False, indent=2, sort_keys=True)
    if output is None:
        typer.echo(text)
        return
    try:
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(descriptor, 0o600)
            file.write(text + "\n")
    except OSError as error:
        fail(f"{output} cannot be written: {error.strerror}")


@app.command()
def erase(
    tenant: Tenant,
    customer: Customer,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    settle: Annotated[
        float,
        typer.Option(min=0, help="Seconds to wait for what is being stored at this moment."),
    ] = 5.0,
    actor: Actor = None,
    data_dir: DataDir = None,
) -> None:
    """Erase everything that is kept of a person, for good. It is audited.

    Cut short, type it again: it goes on from where it was. Exits 1 where nothing is kept.
    """
    settings = settings_of(data_dir=data_dir)
    name = name_of(actor)
    if not yes:
        _ask(customer)

    def show(step: str, count: int) -> None:
        typer.echo(f"{step}: {count}" if count else f"{step} ...", err=True)

    erased = _with_store(
        settings,
        lambda store: erasing(settings, store, name, settle=settle, progress=show)(tenant, customer),
    )
    if erased is None:
        _say_nothing_found()
    typer.echo("erased: " + ", ".join(f"{count} {kind}" for kind, count in erased.items()))


def _ask(customer: str) -> None:
    if not sys.stdin.isatty():
        fail("what is erased cannot be brought back: give --yes")
    typed = typer.prompt("What is erased cannot be brought back. Type the customer again to erase him")
    if typed != customer:
        fail("that is not the same: nothing was erased")


def _say_nothing_found() -> NoReturn:
    typer.echo("nothing is kept of this customer", err=True)
    raise typer.Exit(_NOTHING)


def _with_store(settings: Settings, use: Callable[[Store], Awaitable[_T]]) -> _T:
    try:
        return with_store(settings, use)
    except AmbiguousKeyError:
        fail("several customers are called that: name one by Portico's own id")
