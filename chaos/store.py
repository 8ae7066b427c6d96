"""The MongoDB server of the production stack: the embedded default's, or another one by its command."""

import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

_WITHIN = 30.0


@dataclass(frozen=True, slots=True)
class StoreCommand:
    """A server that takes SecantusDB's flags, with some of its own before them."""

    words: str
    """As in a shell: `secantusd-rs --sync-on-commit`; empty for the embedded default's."""

    def launcher(self, folder: Path) -> str | None:
        """The program to start with where and how to serve; None for the embedded default's.

        Raises FileNotFoundError.
        """
        if not self.words:
            return None
        script = folder / "mongodb-server"
        script.write_text(f'#!/bin/sh\nexec {shlex.join(self._command())} "$@"\n')
        script.chmod(0o700)
        return str(script)

    def version(self) -> str:
        """Name, version and flags. Raises FileNotFoundError."""
        if not self.words:
            return f"secantusd-py {version('SecantusDB')}"
        program, *flags = self._command()
        asked = (program, "--version")
        said = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=_WITHIN).stdout
        return " ".join((said.splitlines()[0], *flags))

    def _command(self) -> list[str]:
        name, *flags = shlex.split(self.words)
        beside = Path(sys.executable).with_name(name)
        found = str(beside) if beside.exists() else shutil.which(name)
        if found is None:
            raise FileNotFoundError(f"{name} is not installed")
        return [found, *flags]
