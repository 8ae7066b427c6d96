"""`portico dead-letters patch`: one change for many letters, tried on samples first."""

import difflib
import json
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from cli.dead_letter_flags import Actor, Json, Reveal, require_narrow, selected
from cli.dead_letter_report import Report
from cli.dead_letter_views import clean, done_line, print_json
from cli.terminal import fail
from cli.where import Where, placed
from contracts.admin.views import DID, WOULD, result_view, sample_view
from contracts.letter_changes import PayloadChange, json_patch, named_transform
from contracts.letter_transforms import TRANSFORMS
from contracts.masking import payload_of
from domain.dead_letters.entities import Selection
from domain.dead_letters.errors import RepairError
from domain.dead_letters.patching import Sample
from domain.dead_letters.use_case import Done
from domain.records import Outcome

_TRANSFORMS = "; ".join(
    f"{name} ({', '.join((*one.needs, *one.takes)) or 'no arguments'}) {one.says}"
    for name, one in TRANSFORMS.items()
)


@placed
@selected
def patch(  # noqa: PLR0913, PLR0917 - each is a flag
    selection: Selection,
    where: Where,
    patch: Annotated[
        Path | None, typer.Option(help="A JSON Patch (RFC 6902) for each payload; - for standard input.")
    ] = None,
    transform: Annotated[str | None, typer.Option(help=f"One of: {_TRANSFORMS}.")] = None,
    arg: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE, for the transform; may be given again.")
    ] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Show samples, and change nothing.")] = False,
    samples: Annotated[int, typer.Option(min=1, max=100, help="How many, with --preview.")] = 5,
    reveal: Reveal = False,
    as_json: Json = False,
    actor: Actor = None,
) -> None:
    """Change the payloads of many letters, for the next replay. The originals stay.

    What the contract would not take is refused and stays as it is. Exits 1 where something was refused,
    or would be or would fail again.
    """
    require_narrow(selection)
    change = _change(patch, transform, arg or [])
    if preview:
        look = partial(where.act, actor) if reveal else where.look
        found = look(lambda desk: desk.patching.preview(selection, change, samples, reveal=reveal))
        if not _print_samples(found, reveal=reveal, as_json=as_json):
            raise typer.Exit(1)
        return
    report = Report(
        selection=selection, done="patched", as_json=as_json, words=DID, view=result_view, line=_patched_line
    )
    report(partial(where.act, actor), lambda desk: desk.patching.patch(selection, change))


def _change(file: Path | None, name: str | None, pairs: list[str]) -> PayloadChange:
    if (file is None) == (name is None):
        fail("give either --patch or --transform")
    if file is not None and pairs:
        fail("--arg is for --transform")
    wrong = [pair for pair in pairs if "=" not in pair]
    if wrong:
        fail(f"--arg {wrong[0]} is not NAME=VALUE")
    try:
        if name is not None:
            return named_transform(name, {pair.partition("=")[0]: pair.partition("=")[2] for pair in pairs})
        return json_patch(sys.stdin.buffer.read() if str(file) == "-" else Path(str(file)).read_bytes())
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}")
    except RepairError as error:
        fail(str(error))


def _patched_line(done: Done, words: Mapping[Outcome, str]) -> str:
    said = "" if done.refused else f"\tpatched: revision {done.letter.revision}"
    return _line(done, words) + said


def _line(done: Done, words: Mapping[Outcome, str]) -> str:
    return "\t".join(clean(part) for part in done_line(done, words).split("\t"))


def _print_samples(found: list[Sample], *, reveal: bool, as_json: bool) -> bool:
    if as_json:
        print_json([sample_view(sample, reveal=reveal) for sample in found])
    else:
        for sample in found:
            typer.echo("\n".join(_sample_lines(sample, reveal=reveal)))
    return all(not sample.refused and not (sample.trial and sample.trial.fault) for sample in found)


def _sample_lines(sample: Sample, *, reveal: bool) -> list[str]:
    lines = [_line(Done(sample.letter, sample.refused, sample.trial), WOULD)]
    if sample.after is None:
        return lines
    before, after = (
        json.dumps(payload_of(payload, reveal=reveal), ensure_ascii=False, indent=2).splitlines()
        for payload in (sample.letter.payload, sample.after)
    )
    changed = list(difflib.unified_diff(before, after, "before", "after", lineterm=""))
    return lines + ([clean(line) for line in changed] or ["only masked values change: --reveal shows them"])
