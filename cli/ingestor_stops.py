"""`portico dead-letters stopped`: ingestors that their breaker stopped, and letting them go on."""

from typing import Annotated

import typer

from cli.beside import with_store
from cli.dead_letter_flags import Actor, Json, name_of
from cli.dead_letter_views import print_json, print_table
from cli.terminal import DataDir, settings_of
from contracts.admin.views import time_of
from domain.clock import system_clock
from domain.dead_letters.trail import Trail
from domain.stops import Stop, Stops
from storage.store import Store


def register(app: typer.Typer) -> None:
    """Add the command to those about dead letters."""
    app.command()(stopped)


def stopped(
    resume: Annotated[bool, typer.Option("--resume", help="Let them go on.")] = False,
    as_json: Json = False,
    actor: Actor = None,
    data_dir: DataDir = None,
) -> None:
    """List the ingestors that take nothing from the queue, as too many records became dead letters.

    Exits 1 where there are any, unless it lets them go on; each does so within a second or two.
    """
    settings, name = settings_of(data_dir=data_dir), name_of(actor)

    async def use(store: Store) -> list[Stop]:
        stops = Stops(store.ingestor_stops, Trail(store.audit, system_clock, name))
        return await stops.resume() if resume else await stops.all()

    found = with_store(settings, use)
    if as_json:
        print_json([_view(stop) for stop in found])
    else:
        print_table(
            ("ingestor", "since", "records", "dead"),
            [(stop.id, time_of(stop.since), str(stop.tried), str(stop.dead)) for stop in found],
        )
    if found and not resume:
        raise typer.Exit(1)


def _view(stop: Stop) -> dict[str, str | int]:
    return {"ingestor": stop.id, "since": time_of(stop.since), "records": stop.tried, "dead": stop.dead}
