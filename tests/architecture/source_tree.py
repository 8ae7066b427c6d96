"""The repository's own files, as the architecture tests look at them."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("domain", "contracts", "messaging", "storage", "ingestor", "gateway", "cli")
_NOT_OURS = {".git", ".venv", ".portico", ".cache", "build", "dist", "__pycache__"}
_KEPT_DOTTED = {".ci", ".dockerignore", ".gitignore"}


class Import(NamedTuple):
    """One imported module, by its absolute name, and where it is imported."""

    path: str
    line: int
    module: str

    @property
    def room(self) -> str:
        """The top-level directory of the importing file."""
        return self.path.partition("/")[0]

    @property
    def package(self) -> str:
        """The top-level package of the imported module."""
        return self.module.partition(".")[0]

    def __str__(self) -> str:
        return f"{self.path}:{self.line} imports {self.module}"


def python_files(*directories: str) -> list[Path]:
    """The Python files below `directories` of the repository."""
    return sorted(path for name in directories for path in (ROOT / name).rglob("*.py"))


def text_files() -> Iterator[Path]:
    """Every file of the repository, without what tools generate into the checkout."""
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        ours = not any(
            part in _NOT_OURS or part.endswith(".egg-info") or (part[0] == "." and part not in _KEPT_DOTTED)
            for part in parts
        )
        if ours and path.is_file():
            yield path


def imports_of(*directories: str) -> list[Import]:
    """All imports below `directories`: at the top, in functions, for type checking, by name."""
    return [found for path in python_files(*directories) for found in _imports_in(path)]


def _imports_in(path: Path) -> Iterator[Import]:
    name = path.relative_to(ROOT).as_posix()
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text())):
        for module in _modules(node, package):
            yield Import(name, getattr(node, "lineno", 0), module)


def _modules(node: ast.AST, package: tuple[str, ...]) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module=module, names=names, level=level):
            base = package[: len(package) - level + 1] if level else ()
            stem = ".".join((*base, *([module] if module else [])))
            return [f"{stem}.{alias.name}" for alias in names]
        case ast.Call(
            func=ast.Name(id="__import__" | "import_module") | ast.Attribute(attr="import_module"),
            args=[ast.Constant(value=str(module)), *_],
        ):
            return [module]
        case _:
            return []
