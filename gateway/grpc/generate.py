"""Writes the generated code of `proto/` to `gateway/grpc/pb`: `python -m gateway.grpc.generate`.

The generated code is committed and never edited; a test compares it with what this writes. With a file
as its argument it writes the descriptor set there instead, which a release is remembered by.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_PROTO = _ROOT / "proto"
TARGET = Path(__file__).parent / "pb"
_IMPORT = re.compile(r"^(from|import) portico\b", re.MULTILINE)


def generate(target: Path) -> None:
    """Fill the folder `target`, made anew, with the code and the types of every .proto file.

    Raises subprocess.CalledProcessError where a .proto file is at fault.
    """
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    _protoc(f"--{kind}_out={target}" for kind in ("python", "grpc_python", "mypy", "mypy_grpc"))
    for folder in {target, *(path.parent for path in target.rglob("*.py*"))}:
        _make_packages(folder, target)
    for path in target.rglob("*.py*"):
        path.write_text(_IMPORT.sub(r"\1 gateway.grpc.pb.portico", path.read_text()))


def describe(target: Path) -> None:
    """Write the descriptor set of every .proto file to the file `target`.

    Raises subprocess.CalledProcessError where a .proto file is at fault.
    """
    _protoc([f"--descriptor_set_out={target}"])


def _protoc(outputs: Iterable[str]) -> None:
    sources = sorted(str(path.relative_to(_PROTO)) for path in _PROTO.rglob("*.proto"))
    plugins = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    command = [sys.executable, "-m", "grpc_tools.protoc", f"--proto_path={_PROTO}", *outputs, *sources]
    subprocess.run(command, check=True, env={**os.environ, "PATH": plugins})  # noqa: S603 - our own arguments


def _make_packages(folder: Path, target: Path) -> None:
    while folder != target.parent:
        (folder / "__init__.py").touch()
        folder = folder.parent


def main() -> None:
    """Generate, and replace what is committed only once all of it is there; or describe."""
    if sys.argv[1:]:
        describe(Path(sys.argv[1]))
        return
    with tempfile.TemporaryDirectory() as scratch:
        fresh = Path(scratch, "pb")
        generate(fresh)
        shutil.rmtree(TARGET, ignore_errors=True)
        shutil.copytree(fresh, TARGET)


if __name__ == "__main__":
    main()
