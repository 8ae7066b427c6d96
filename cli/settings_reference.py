"""Writes the configuration reference from the settings themselves: `python -m cli.settings_reference`."""

import sys
from pathlib import Path
from typing import Any

from cli.settings import Settings

_HEAD = """# Configuration

Every setting is an environment variable, read once at start. This page is written from the settings
themselves by `make docs`.

| Variable | Default | What it does |
|---|---|---|
"""


def reference() -> str:
    """The page, as Markdown."""
    rows = (
        f"| `PORTICO_{name.upper()}` | {_default(field.default)} | {field.description} |\n"
        for name, field in Settings.model_fields.items()
    )
    return _HEAD + "".join(rows)


def _default(value: Any) -> str:
    match value:
        case None:
            return "not set"
        case bool():
            return f"`{str(value).lower()}`"
        case Path():
            return f"`{value.as_posix()}`"
        case _:
            return f"`{value}`"


if __name__ == "__main__":
    sys.stdout.write(reference())
