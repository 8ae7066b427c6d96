"""`portico dead-letters`: find, understand and repair what could not be stored."""

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from cli.counter import Desk
from cli.dead_letter_flags import Actor, Json, LetterId, Reveal, require_narrow, selected
from cli.dead_letter_patch import patch
from cli.dead_letter_report import Report
from cli.dead_letter_transfer import register as register_transfer
from cli.dead_letter_views import print_json, print_table
from cli.ingestor_stops import register as register_stops
from cli.replay_jobs import register as register_replay
from cli.terminal import fail
from cli.where import Where, placed
from contracts.admin.views import DID, WOULD, group_view, letter_view, time_of, whole_view
from domain.dead_letters.entities import Found, KeptLetter, Selection
from domain.dead_letters.errors import EditConflictError
from domain.reading import Cursor

app = typer.Typer(help="Find, understand and repair what could not be stored.", no_args_is_help=True)
app.command()(patch)
register_replay(app)
register_transfer(app)
register_stops(app)


@app.command()
@placed
@selected
def groups(selection: Selection, where: Where, as_json: Json = False) -> None:
    """List the causes, each with how many letters it has and a sample."""
    found = where.look(lambda desk: desk.letters.groups(selection))
    if as_json:
        print_json([group_view(group) for group in found])
        return
    print_table(
        ("count", "tenant", "operation", "stage", "code", "place", "fingerprint", "sample"),
        [
            (
                str(group.count),
                group.tenant,
                group.operation,
                group.stage,
                group.code,
                group.place,
                group.fingerprint,
                group.sample.id,
            )
            for group in found
        ],
    )


@app.command("list")
@placed
@selected
def list_letters(
    selection: Selection,
    where: Where,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="How many at most.")] = 20,
    after: Annotated[str | None, typer.Option(help="Where the page before ended: it says the id.")] = None,
    as_json: Json = False,
) -> None:
    """List dead letters, oldest first, in pages."""

    async def use(desk: Desk) -> Found:
        last = None if after is None else await desk.letters.get(after)
        cursor = None if last is None else Cursor(last.letter.first_seen, last.id)
        return await desk.letters.search(selection, after=cursor, limit=limit)

    found = where.look(use)
    if found.next is not None:
        typer.echo(f"There may be more: --after {found.next.id}", err=True)
    if as_json:
        print_json([letter_view(kept) for kept in found.letters])
        return
    print_table(
        ("id", "tenant", "operation", "code", "pointer", "state", "attempts", "first seen"),
        [
            (
                kept.id,
                kept.letter.tenant,
                kept.letter.operation,
                kept.letter.code,
                kept.letter.pointer,
                kept.state.value,
                str(kept.letter.attempts),
                time_of(kept.letter.first_seen),
            )
            for kept in found.letters
        ],
    )


@app.command()
@placed
def show(
    id: LetterId, where: Where, reveal: Reveal = False, as_json: Json = False, actor: Actor = None
) -> None:
    """Show one dead letter: its fault, its payload and its history. Personal data is masked."""
    if reveal:
        found = where.act(actor, lambda desk: desk.letters.reveal(id))
    else:
        found = where.look(lambda desk: desk.letters.get(id))
    view = whole_view(found, reveal=reveal)
    if as_json:
        print_json(view)
        return
    payload, original = view.pop("payload"), view.pop("original")
    history, headers = view.pop("history"), view.pop("headers")
    print_table(("", ""), [(name, str(value)) for name, value in {**view, **headers}.items()])
    print_json(payload)
    if original is not None:
        typer.echo("Before it was edited:")
        print_json(original)
    if history:
        print_table(("at", "who", "what", "detail"), [tuple(entry.values()) for entry in history])


@app.command("dry-run")
@placed
@selected
def dry_run(selection: Selection, where: Where, as_json: Json = False) -> None:
    """Say what a replay would do now, and change nothing. Exits 1 where something would fail again."""
    report = Report(selection=selection, done="tried", as_json=as_json, words=WOULD)
    report(where.look, lambda desk: desk.letters.dry_run(selection))


@app.command()
@placed
def edit(
    id: LetterId,
    file: Annotated[Path, typer.Option(help="The whole payload as it is to be; - for standard input.")],
    revision: Annotated[int, typer.Option(help="The letter's revision, as `show` gave it.")],
    where: Where,
    reveal: Reveal = False,
    as_json: Json = False,
    actor: Actor = None,
) -> None:
    """Put another payload in place of a letter's, for the next replay. The original stays.

    Where somebody else was faster nothing is changed, and the other's version is shown.
    """
    try:
        payload = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}")

    async def use(desk: Desk) -> KeptLetter | EditConflictError:
        try:
            return await desk.letters.edit(id, payload, revision)
        except EditConflictError as conflict:
            return EditConflictError(await desk.letters.reveal(id)) if reveal else conflict

    done = where.act(actor, use)
    if isinstance(done, EditConflictError):
        print_json(whole_view(done.kept, reveal=reveal))
        fail(str(done))
    if as_json:
        print_json(letter_view(done))
    else:
        typer.echo(f"{done.id} has revision {done.revision} now")


@app.command()
@placed
@selected
def discard(
    selection: Selection,
    reason: Annotated[str, typer.Option(help="Why; kept with the letters and in the audit.")],
    where: Where,
    as_json: Json = False,
    actor: Actor = None,
) -> None:
    """Give up what is not worth repairing. Nothing is deleted."""
    require_narrow(selection)
    report = Report(selection=selection, done="discarded", as_json=as_json, words=DID)
    report(partial(where.act, actor), lambda desk: desk.letters.discard(selection, reason))
