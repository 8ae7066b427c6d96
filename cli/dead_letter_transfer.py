"""`portico dead-letters export|import`: dead letters in files, one JSON line each."""

import hashlib
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from cli.counter import Desk
from cli.dead_letter_flags import Actor, Json, selected
from cli.dead_letter_views import print_json
from cli.progress import Working
from cli.terminal import fail
from cli.where import Where, placed
from contracts.letter_lines import letter_of, line_of
from domain.dead_letters.entities import KeptLetter, Selection
from domain.dead_letters.errors import RepairError

_LONGEST_LINE = 512 * 1024 * 1024
"""Bytes; a file without line ends is refused, not read whole."""
_LONGEST_SENT = 16 * 1024 * 1024
"""Bytes of a request that brings letters in."""
_LETTERS, _BYTES = 50, 16 * 1024 * 1024
"""Letters that are brought in at a time, and bytes of their lines; a longer one comes by itself."""


def register(app: typer.Typer) -> None:
    """Add the commands to those about dead letters."""
    app.command()(export)
    app.command("import")(import_letters)


@placed
@selected
def export(
    selection: Selection,
    output: Annotated[Path, typer.Option(help="The file to write; it must not be there yet.")],
    where: Where,
    as_json: Json = False,
    actor: Actor = None,
) -> None:
    """Write dead letters to a file, one JSON line each, with all that belongs to them.

    Personal data is in it, readable: the file is its owner's alone, and the audit names every letter.
    """

    async def use(desk: Desk) -> int:
        count = 0
        with _new_file(output) as file, Working("exported") as bar:
            await bar.expect(desk, selection)
            async for page in desk.transfer.export(selection):
                file.writelines(line_of(kept) + b"\n" for kept in page)
                count += len(page)
                bar.count(len(page))
            file.flush()
            os.fsync(file.fileno())
        return count

    count = where.act(actor, use)
    if as_json:
        print_json({"exported": count, "file": str(output)})
    else:
        typer.echo(f"{count} dead letters are in {output}")


@placed
def import_letters(
    file: Annotated[Path, typer.Argument(help="What `export` wrote.")],
    where: Where,
    as_json: Json = False,
    actor: Actor = None,
) -> None:
    """Bring in the dead letters of a file, under their own ids. One that is there already stays as it is.

    The whole file is read first: where a line is wrong, nothing is brought in.
    """
    source, count = _checked(file, math.inf if where.url is None else _LONGEST_SENT)

    async def use(desk: Desk) -> int:
        imported = 0
        with _opened(file) as lines, Working("imported") as bar:
            bar.expect_as_many_as(count)
            for letters in _batches(file, lines):
                imported += await desk.transfer.bring_in(letters, source)
                bar.count(len(letters))
        return imported

    imported = where.act(actor, use)
    if as_json:
        print_json({"imported": imported, "existing": count - imported})
    else:
        typer.echo(f"{imported} dead letters were imported, {count - imported} were there already")


def _checked(file: Path, longest: float) -> tuple[str, int]:
    """What the audit is to call the file, and how many letters it has; ends the command where it is bad, or
    has a line of more than `longest` bytes."""
    digest = hashlib.sha256()
    seen: dict[str, int] = {}
    with _opened(file) as lines:
        for number, line, kept in _letters(file, lines, "Nothing was imported"):
            digest.update(line)
            if len(line) > longest:
                fail(f"{file}, line {number}: it is too long for --url. Nothing was imported")
            if kept.id in seen:
                fail(f"{file}, line {number}: it has the id of line {seen[kept.id]}. Nothing was imported")
            seen[kept.id] = number
    return f"file of sha256 {digest.hexdigest()}", len(seen)


def _batches(file: Path, lines: BinaryIO) -> Iterator[list[KeptLetter]]:
    batch: list[KeptLetter] = []
    size = 0
    for _, line, kept in _letters(file, lines, "The file changed after it was checked"):
        if batch and (len(batch) == _LETTERS or size + len(line) > _BYTES):
            yield batch
            batch, size = [], 0
        batch.append(kept)
        size += len(line)
    if batch:
        yield batch


def _letters(file: Path, lines: BinaryIO, and_so: str) -> Iterator[tuple[int, bytes, KeptLetter]]:
    """Each line with its number, from 1, and its letter; ends the command at one that is bad."""
    number = 0
    while line := lines.readline(_LONGEST_LINE):
        number += 1
        try:
            kept = letter_of(line)
        except RepairError as error:
            fail(f"{file}, line {number}: {error}. {and_so}")
        yield number, line, kept


@contextmanager
def _opened(file: Path) -> Iterator[BinaryIO]:
    try:
        with file.open("rb") as lines:
            yield lines
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}")


@contextmanager
def _new_file(path: Path) -> Iterator[BinaryIO]:
    """A file for its owner alone, which is there only once it is whole."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        fail(f"{path} cannot be written: {error.strerror}")
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            fail(f"{path} cannot be written: {error.strerror}")
        raise
