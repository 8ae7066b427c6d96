"""A group of dead letters repaired by one change, by the command line, beside a running Portico."""

import json
from pathlib import Path

from tests.e2e.test_dead_letters import customer
from tests.support.operators import Operator, posted
from tests.support.portico import Client
from tests.support.stacks import Stack


async def test_a_group_is_patched_after_a_look_at_samples(
    caller: Client, tenant: str, embedded: Stack, tmp_path: Path
) -> None:
    """By a transform and by a JSON Patch; personal data is masked; a bad change is refused with status 2."""
    operator = Operator.beside(embedded, tmp_path)
    faulty = [customer(n, externalIds=f"app:{n}") for n in range(3)]
    nameless = customer(9, name=...)
    assert {"dead": 4} == await posted(caller, *faulty, nameless)
    mine = ("--tenant", tenant)
    change = ("--transform", "wrap-in-array", "--arg", "pointer=/externalIds")

    status, seen, _ = await operator.types("patch", *mine, *change, "--preview", "--code", "INVALID_TYPE")
    assert (0, 3) == (status, seen.count("would create 1"))
    assert "app:" not in seen
    assert '+  "externalIds": [' in seen
    previewed = await operator.does(
        "patch", *mine, *change, "--preview", "--reveal", "--samples", "9", status=1
    )
    shown = {
        one["before"]["externalIds"]: one["after"]["externalIds"] for one in previewed if not one["refused"]
    }
    assert {f"app:{n}": [f"app:{n}"] for n in range(3)} == shown
    assert [1] * 4 == [one["revision"] for one in await operator.sees("list", *mine)]

    done = await operator.does("patch", *mine, *change, status=1)
    assert [2, 2, 2, 1] == sorted((one["revision"] for one in done), reverse=True)
    file = tmp_path / "patch.json"
    file.write_text(json.dumps([{"op": "add", "path": "/name", "value": "Ana"}]))
    by_file = (*mine, "--code", "REQUIRED", "--patch", str(file), "--actor", "ana")
    assert (0, "patched: revision 2\n") == _ended(await operator.types("patch", *by_file))
    replayed = await operator.does("replay", *mine)
    assert [{"created": 1}] * 4 == [one["outcomes"] for one in replayed]

    file.write_text('[{"op": "grow", "path": "/name"}]')
    status, _, said = await operator.types("patch", *by_file)
    assert (2, True) == (status, "no JSON Patch" in said)


def _ended(typed: tuple[int | None, str, str]) -> tuple[int | None, str]:
    return typed[0], typed[1].rpartition("\t")[2]
