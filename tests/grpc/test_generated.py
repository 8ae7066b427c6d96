"""The generated code is what the .proto files make, byte for byte."""

from itertools import pairwise
from pathlib import Path

from gateway.grpc.generate import TARGET, generate


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder by its path, compiled ones aside."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_committed_code_is_what_the_contract_generates(tmp_path: Path) -> None:
    """Nobody edited it, and nobody forgot to run the generator."""
    generate(tmp_path / "pb")
    assert contents(tmp_path / "pb") == contents(TARGET)


def test_every_message_and_field_is_documented() -> None:
    """Each message, field, enum value and method of the contract has a comment above it."""
    bare = []
    for path in (TARGET.parents[2] / "proto").rglob("*.proto"):
        lines = [line.strip() for line in path.read_text().splitlines()]
        for before, line in pairwise(lines):
            declares = line.endswith((";", "{")) and not line.startswith(
                ("syntax", "package", "import", "//")
            )
            if declares and not before.startswith("//"):
                bare.append(f"{path.name}: {line}")
    assert [] == bare
