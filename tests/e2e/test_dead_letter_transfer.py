"""Dead letters found by whom they name, and taken to another Portico, by the command line."""

import json
import os
import stat
from pathlib import Path

from tests.cli.test_commands import run
from tests.support.odp_v1_bodies import example
from tests.support.operators import Operator, posted
from tests.support.portico import Client
from tests.support.stacks import Stack


async def test_letters_are_found_and_taken_elsewhere(
    caller: Client, embedded: Stack, tenant: str, tmp_path: Path
) -> None:
    """By a phone; into a data directory of its own, where a bad file changes nothing."""
    operator = Operator.beside(embedded, tmp_path)
    contacts = {"email": "rita@example.com", "phone": "+55 21 98888-7777"}
    own = {"id": "r-1", "externalIds": ["app:r-1"], "contacts": contacts}
    rita = example("customers", **own, name=...)
    other = example("customers", id="r-2", externalIds=["app:r-2"], contacts={}, name=...)
    assert {"dead": 2} == await posted(caller, rita, other)
    selected = ("--tenant", tenant, "--customer", "(21) 98888-7777", "--text", "RITA@")
    [letter] = await operator.sees("list", *selected)
    file = tmp_path / "letters.jsonl"
    assert 1 == (await operator.does("export", *selected, "--output", str(file)))["exported"]

    assert 0o600 == stat.S_IMODE(os.stat(file).st_mode)
    status, _, said = await operator.types("export", "--tenant", tenant, "--output", str(file))
    assert 2 == status
    assert "exists" in said
    assert 1 == len(file.read_bytes().splitlines())

    elsewhere = {"PORTICO_DATA_DIR": str(tmp_path / "elsewhere")}
    broken = tmp_path / "broken.jsonl"
    broken.write_bytes(file.read_bytes() + b'{"format": "none"}\n')
    status, _, said = await run("dead-letters", "import", str(broken), cwd=tmp_path, **elsewhere)
    assert 2 == status
    assert "line 2" in said
    arguments = ("dead-letters", "import", str(file), "--actor", "bia", "--json")
    status, out, said = await run(*arguments, cwd=tmp_path, **elsewhere)
    assert (0, "") == (status, said)
    assert {"imported": 1, "existing": 0} == json.loads(out)
    there = Operator(tmp_path, elsewhere)
    [tried] = await there.sees("dry-run", "--customer", "rita@example.com", status=1)
    assert (letter["id"], {"still fails": 1}) == (tried["id"], tried["outcomes"])
