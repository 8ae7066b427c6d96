"""`portico status`: whether a running Portico is ready, and what it has done."""

import asyncio
from typing import Annotated

import typer

from cli.dead_letter_views import print_json, print_table
from cli.status import LEDGER_COLUMNS, StatusError, read_status
from cli.terminal import fail, settings_of
from gateway.rest.server import Address

app = typer.Typer()


@app.command()
def status(
    admin_url: Annotated[
        str | None, typer.Option(help="URL of the admin port; this machine's if not given.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say whether a running Portico is ready, and what it has done, with the ledger of the last 24 hours.

    Exits 1 where it is not ready, or where the ledger has unexplained records.
    """
    settings = settings_of()
    url = admin_url or Address(settings.admin_host, settings.admin_port, tls=False).url
    try:
        seen = asyncio.run(read_status(url))
    except StatusError as error:
        fail(str(error))
    if as_json:
        print_json(seen.as_json())
    else:
        typer.echo("\n".join(seen.lines()))
        if seen.ledger:
            typer.echo("ledger of the last 24 hours, in records:")
            print_table(LEDGER_COLUMNS, seen.ledger_rows())
    if not seen.good:
        raise typer.Exit(1)
