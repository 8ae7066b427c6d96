"""Dead letters on the terminal: tables for people, JSON for programs."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from domain.dead_letters.use_case import Done
from domain.records import Outcome

_OBEYED = re.compile("[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What JSON lets stand and some terminals obey: control characters, marks of direction, half characters."""
_WIDE = 200
"""Columns where the output is no terminal: nothing is broken into lines that a program would join."""


def print_json(value: Any) -> None:
    """`value` as JSON that a terminal does not obey."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    typer.echo(_OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def print_table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table for people."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in names:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(Text(clean(cell)) for cell in row))
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _WIDE
    console.print(table)


def clean(text: str) -> str:
    """`text` without what a terminal would obey."""
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)


def done_line(done: Done, words: Mapping[Outcome, str]) -> str:
    """What became of a letter, on one line."""
    said = done.refused or done.letter.state.value
    if done.trial is not None:
        said = ", ".join(f"{words[outcome]} {count}" for outcome, count in done.trial.outcomes.items())
        if done.trial.fault is not None:
            fault = done.trial.fault
            said = f"{said}\t{clean(fault.code)}\t{clean(fault.pointer)}\t{clean(fault.message)}"
    return f"{done.letter.id}\t{said}"
