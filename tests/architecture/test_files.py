"""What no file of the repository may hold."""

import ast
import re

import pytest

from tests.architecture.source_tree import ROOT, python_files, text_files

_REGISTRIES = r"pyp[i]\.|pythonhoste[d]\.|npmj[s]\.|crate[s]\.io|deb\.debia[n]\.|prox[y]\.golang"
_MACHINE_PATHS = r"/wor[k]/|/hom[e]/\w|/User[s]/\w|/roo[t]/"
_EVADING = {"skip", "skipif", "xfail", "importorskip", "skipTest", "skipIf", "skipUnless"}
_EVADED_FROM = {"pytest", "pytest.mark", "mark", "unittest", "self"}


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param(_REGISTRIES, id="a package registry's host"),
        pytest.param(_MACHINE_PATHS, id="a path of one machine"),
    ],
)
def test_no_file_names_what_differs_between_machines(pattern: str) -> None:
    """Where packages come from and where the checkout lies is decided by the machine."""
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in text_files()
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), start=1)
        if re.search(pattern, line)
    ]

    assert [] == found


def test_no_test_is_skipped_or_expected_to_fail() -> None:
    """A missing service fails in words; it never makes a test disappear."""
    found = [
        f"{path.relative_to(ROOT)}: {ast.unparse(node)}"
        for path in python_files("tests")
        for node in ast.walk(ast.parse(path.read_text()))
        if _evades(node)
    ]

    assert [] == found


def _evades(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(attr=name, value=value):
            return name in _EVADING and ast.unparse(value) in {
                "pytest",
                "pytest.mark",
                "mark",
                "unittest",
                "self",
            }
        case ast.ImportFrom(module="pytest" | "unittest", names=names):
            return any(alias.name in _EVADING for alias in names)
        case _:
            return False
