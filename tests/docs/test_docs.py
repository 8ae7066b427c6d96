"""What the documentation names exists."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from cli.settings import Settings
from cli.settings_reference import reference
from contracts.registry import OPERATIONS
from messaging.envelope import MANIFEST, Ingestion, pack
from tests.docs.markdown import ROOT, blocks, links, pages

_PAGES = [pytest.param(page, id=page.relative_to(ROOT).as_posix()) for page in pages()]


@pytest.mark.parametrize("page", _PAGES)
def test_links_lead_to_something(page: Path) -> None:
    """Every link into the repository leads to a file, and every one to a heading finds it."""
    broken = [
        target
        for target in links(page.read_text())
        if not target.startswith("https://") and not _leads_somewhere(page, target)
    ]

    assert [] == broken


def _leads_somewhere(page: Path, target: str) -> bool:
    name, _, heading = target.partition("#")
    path = page.parent / name if name else page
    return path.exists() and (not heading or heading in _headings(path))


def _headings(path: Path) -> set[str]:
    titles = re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.fixture(scope="module")
def commands() -> set[str]:
    """The first word of every line of `portico --help`, the commands among them."""
    program = [sys.executable, "-c", "from cli import main; main()", "--help"]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    return set(re.findall(r"^\W*([a-z]+)\b", done.stdout, re.MULTILINE))


@pytest.mark.parametrize("page", _PAGES)
def test_commands_exist(page: Path, commands: set[str]) -> None:
    """Every `make` target and `portico` command that a page names is there."""
    code = "\n".join(
        [*re.findall(r"`([^`\n]+)`", page.read_text()), *blocks(page.read_text(), "bash", "console")]
    )
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))

    assert set() == set(re.findall(r"^make ([a-z-]+)", code, re.MULTILINE)) - targets
    assert set() == set(re.findall(r"(?:^|bin/)portico ([a-z]+)", code, re.MULTILINE)) - commands


@pytest.mark.parametrize("page", _PAGES)
def test_settings_exist(page: Path) -> None:
    """Every setting that a page names is one."""
    known = {f"PORTICO_{name.upper()}" for name in Settings.model_fields}

    assert set() == set(re.findall(r"\bPORTICO_[A-Z_]+\b", page.read_text())) - known


@pytest.mark.parametrize("page", _PAGES)
def test_files_exist(page: Path) -> None:
    """Every test that a page names is there."""
    named = re.findall(r"`(tests/[\w/]+\.py)", page.read_text())

    assert [] == [name for name in named if not (ROOT / name).exists()]


@pytest.mark.parametrize("page", _PAGES)
def test_python_examples_compile(page: Path) -> None:
    """An example is a program."""
    for example in blocks(page.read_text(), "python"):
        compile(example, page.name, "exec")


def test_every_decision_is_in_the_index() -> None:
    """The index of docs/ names every decision there is."""
    decisions = {f"adr/{path.name}" for path in (ROOT / "docs" / "adr").glob("*.md")}

    assert decisions == {
        target for target in links((ROOT / "docs" / "README.md").read_text()) if "adr/" in target
    }


def test_the_configuration_reference_is_up_to_date() -> None:
    """docs/configuration.md says what the settings say; `make docs` writes it."""
    assert reference() == (ROOT / "docs" / "configuration.md").read_text()


def test_the_message_contract_names_every_header_and_operation() -> None:
    """Another producer finds all that the gateway itself sends."""
    text = (ROOT / "docs" / "message-contract.md").read_text()
    full = Ingestion("i", "odp.v1.leads", "acme", b"{}", principal="p", accepted_at=1, records=1, trace="t")

    assert {*pack([full]).headers, MANIFEST} == set(re.findall(r"`(portico-[a-z-]+|traceparent)`", text))
    assert set(OPERATIONS) == set(re.findall(r"^\| `(\w+\.v\d+\.\w+)` \|", text, re.MULTILINE))
