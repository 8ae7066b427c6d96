"""Who may import whom: the arrows of docs/architecture.md, over the real tree."""

import re
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest

from tests.architecture.source_tree import ROOMS, ROOT, Import, imports_of, python_files

_MAY_IMPORT = {
    "domain": set[str](),
    "contracts": {"domain"},
    "messaging": {"domain.errors", "domain.clock"},
    "storage": {"domain"},
    "ingestor": {"domain", "contracts", "messaging", "storage"},
    "gateway": {"domain", "contracts", "messaging", "storage"},
    "cli": {"domain", "contracts", "messaging", "storage", "ingestor", "gateway"},
}
"""Each room's arrows, as prefixes of module names."""

_AT_HOME = {
    "motor": "storage/driver.py",
    "pymongo": "storage/",
    "bson": "storage/",
    "gridfs": "storage/",
    "aio_pika": "messaging/",
    "aiormq": "messaging/",
    "pamqp": "messaging/",
    "sqlite3": "messaging/",
    "grpc_tools": "gateway/grpc/generate.py",
    "typer": "cli/",
    "rich": "cli/",
    "pydantic_settings": "cli/",
}
"""Packages that only one place knows, so that it alone decides how they are used."""

_PURE = {"email_validator", "phonenumbers"}
"""What `domain` may import besides Python itself."""

_INPUT_OUTPUT = {
    *("asyncio.subprocess", "ftplib", "http", "multiprocessing", "os", "pathlib", "selectors", "shutil"),
    *("smtplib", "socket", "socketserver", "sqlite3", "ssl", "subprocess", "tempfile", "urllib.request"),
}
"""Python's own modules that reach outside of the process."""

_PYTHON_LATER = {"compression"}
"""Python's own modules that came after 3.11."""


def _within(module: str, prefixes: set[str]) -> bool:
    return any(module == prefix or module.startswith(f"{prefix}.") for prefix in prefixes)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_the_rooms_its_arrows_point_to(room: str) -> None:
    """Every import of another room of ours, wherever it stands in a file, follows an arrow."""
    ours = [found for found in imports_of(room) if found.package in {*ROOMS, "tests"}]
    astray = [found for found in ours if not _within(found.module, _MAY_IMPORT[room] | {room})]

    assert [] == [str(found) for found in astray]


def test_every_room_is_there() -> None:
    """The rooms of the picture exist and hold code, so that the other tests look at something."""
    assert set(ROOMS) == {room for room in ROOMS if python_files(room)}


@pytest.mark.parametrize("package", sorted(_AT_HOME))
def test_a_driver_is_imported_in_its_own_place_only(package: str) -> None:
    """motor is known to one file, MongoDB to one room, AMQP and SQLite to another."""
    home = _AT_HOME[package]
    users = [found for found in imports_of(*ROOMS) if found.package == package]

    assert [] == [str(found) for found in users if not found.path.startswith(home)]


def test_the_domain_does_no_input_or_output() -> None:
    """The rules depend on nothing but Python and what only computes."""

    def reaches_out(found: Import) -> bool:
        if found.package in sys.stdlib_module_names:
            return _within(found.module, _INPUT_OUTPUT)
        return found.package not in _PURE and found.package != "domain"

    assert [] == [str(found) for found in imports_of("domain") if reaches_out(found)]


def test_the_grpc_contract_holds_no_code() -> None:
    """`proto/` is the contract alone; what is generated from it lives with the gateway."""
    files = [path for path in (ROOT / "proto").rglob("*") if path.is_file()]

    assert [] == [path.name for path in files if path.suffix != ".proto"]


def test_what_is_imported_is_declared() -> None:
    """What production code imports is among the project's own dependencies, not some other's."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = {_canonical(re.split(r"[^\w.-]", line, maxsplit=1)[0]) for line in project["dependencies"]}
    providers = packages_distributions()

    def is_declared(package: str) -> bool:
        return not declared.isdisjoint(map(_canonical, providers.get(package, [])))

    known = {*ROOMS, *sys.stdlib_module_names, *_PYTHON_LATER}
    others = {found.package for found in imports_of(*ROOMS)} - known
    assert set() == {package for package in others if not is_declared(package)}


def _canonical(name: str) -> str:
    """A distribution's name as the packaging specifications compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()
