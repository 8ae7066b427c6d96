"""Operators and dead letters, by the command line, beside a running Portico."""

import json
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from storage.driver import Database, open_database
from tests.support.odp_v1_bodies import example
from tests.support.operators import FAULTS, Operator, posted
from tests.support.portico import Client
from tests.support.stacks import Stack


def customer(number: int, **changes: Any) -> dict[str, Any]:
    """A customer that shares no key with another."""
    own = {"id": f"c-{number}", "externalIds": [f"app:{number}"], "contacts": {}}
    return example("customers", **{**own, **changes})


@pytest.fixture
def operator(stack: Stack, tmp_path: Path) -> Operator:
    """An operator of each stack."""
    return Operator.beside(stack, tmp_path)


@pytest.fixture
async def database(stack: Stack) -> AsyncIterator[Database]:
    """What the stack stores."""
    async with open_database(stack.mongodb_url, stack.database) as opened:
        yield opened


async def audited(database: Database, tenant: str) -> list[tuple[str, str]]:
    """Who did what, in order, as the audit has it."""
    entries = await database.collection("audit").find({"tenant": tenant}, sort=[("at", 1)])
    return [(entry["actor"], entry["action"]) for entry in entries]


async def test_faults_are_found_by_their_cause_and_given_up(
    client: Client, tenant: str, operator: Operator, database: Database
) -> None:
    """Three groups with their counts; the letters of one are discarded, for a reason, and stay."""
    faulty = [customer(n, **fault) for n, fault in enumerate(list(FAULTS.values()) * 2)]
    assert {"created": 1, "dead": 6} == await posted(client, customer(99), *faulty)

    groups = await operator.sees("groups", "--tenant", tenant)
    assert dict.fromkeys(FAULTS, 2) == {group["code"]: group["count"] for group in groups}
    cause = next(group for group in groups if group["code"] == "REQUIRED")
    assert "/customers/*/name" == cause["place"]
    selected = ("--tenant", tenant, "--fingerprint", cause["fingerprint"])
    page = await operator.sees("list", *selected, "--limit", "1")
    page += await operator.sees("list", *selected, "--after", page[0]["id"])
    assert ["/customers/1/name", "/customers/4/name"] == sorted(letter["pointer"] for letter in page)

    given_up = await operator.does("discard", *selected, "--reason", "test data")
    assert [{"id": one["id"], "state": "discarded", "refused": ""} for one in page] == given_up
    assert [] == await operator.sees("list", *selected)
    assert page[0]["id"] == (await operator.sees("list", *selected, "--state", "all"))[0]["id"]
    shown = await operator.sees("show", page[0]["id"])
    [entry] = shown["history"]
    assert ("ana", "discard", "test data") == (entry["actor"], entry["action"], entry["detail"])
    again = await operator.does("discard", "--id", page[0]["id"], "--state", "all", "--reason", "x", status=1)
    assert "it is discarded" == again[0]["refused"]
    assert [("ana", "discard")] * 2 == await audited(database, tenant)


async def test_an_operators_story(
    client: Client, tenant: str, operator: Operator, database: Database, tmp_path: Path
) -> None:
    """1,000 customers, 30 of them faulty in three ways: one way is given up, one letter is edited and
    replayed, one is overtaken by a newer version. What is left says why, and nobody's doing is lost."""
    kinds = list(FAULTS.values())
    batch = [customer(n, **(kinds[n % 3] if n < 30 else {})) for n in range(1_000)]
    assert {"created": 970, "dead": 30} == await posted(client, *batch)
    mine = ("--tenant", tenant)

    groups = {group["code"]: group for group in await operator.sees("groups", *mine)}
    assert dict.fromkeys(FAULTS, 10) == {code: group["count"] for code, group in groups.items()}
    tried = await operator.sees("dry-run", *mine, status=1)
    assert [{"still fails": 1}] * 30 == [one["outcomes"] for one in tried]
    invalid = ("--code", "INVALID_TYPE", *mine)
    assert 10 == len(await operator.does("discard", *invalid, "--reason", "not worth it"))

    nameless = await operator.sees("list", *mine, "--code", "REQUIRED")
    edited, overtaken = nameless[0], nameless[1]
    mended: dict[int, dict[str, Any]] = {}
    for letter in (edited, overtaken):
        mended[letter["index"]] = {**batch[letter["index"]], "name": "Mended"}
        file = tmp_path / "record.json"
        file.write_text(json.dumps(mended[letter["index"]]))
        arguments = (letter["id"], "--file", str(file), "--revision", "1", "--actor", "bia")
        assert (0, f"{letter['id']} has revision 2 now\n", "") == await operator.types("edit", *arguments)
    late = (overtaken["id"], "--file", str(tmp_path / "record.json"), "--revision", "1")
    status, seen, said = await operator.types("edit", *late)
    assert (2, 2) == (status, json.loads(seen)["revision"])
    assert "somebody else changed" in said
    newer = {**mended[overtaken["index"]], "name": "Newer", "updatedAt": "2030-01-01T00:00:00Z"}
    assert {"created": 1} == await posted(client, newer)

    both = ("--id", edited["id"], "--id", overtaken["id"])
    would = {one["id"]: one["outcomes"] for one in await operator.sees("dry-run", *both)}
    assert {edited["id"]: {"would create": 1}, overtaken["id"]: {"stale": 1}} == would
    did = {one["id"]: one["outcomes"] for one in await operator.does("replay", *both)}
    assert {edited["id"]: {"created": 1}, overtaken["id"]: {"stale": 1}} == did
    assert [] == await operator.does("replay", *both)
    stored = await database.collection("customers").find({"tenant": tenant})
    names = {one["sources"]["odp_v1"]["key"]: one["fields"]["display_name"] for one in stored}
    assert ("Mended", "Newer") == tuple(names[f"c-{letter['index']}"] for letter in (edited, overtaken))
    assert 972 == len(names)

    again = await operator.does("replay", "--code", "INVALID_TIMESTAMP", *mine, status=1)
    assert [{"fails again": 1}] * 10 == [one["outcomes"] for one in again]
    left = {group["code"]: group["count"] for group in await operator.sees("groups", *mine)}
    assert {"REQUIRED": 8, "INVALID_TIMESTAMP": 10} == left
    assert [2] * 10 == [
        one["attempts"] for one in await operator.sees("list", *mine, "--code", "INVALID_TIMESTAMP")
    ]
    shown = await operator.sees("show", edited["id"])
    assert [("bia", "edit"), ("ana", "replay")] == [(one["actor"], one["action"]) for one in shown["history"]]
    expected = {
        ("ana", "discard"): 10,
        ("bia", "edit"): 2,
        ("ana", "start replay job"): 1,
        ("ana", "replay"): 12,
        ("ana", "replayed"): 12,
    }
    assert expected == Counter(await audited(database, tenant))


async def test_personal_data_is_masked_until_asked_for(
    client: Client, tenant: str, operator: Operator, database: Database
) -> None:
    """And the asking is audited."""
    sent = customer(1, name=..., contacts={"email": "maria@example.com"})
    await posted(client, sent)
    [letter] = await operator.sees("list", "--tenant", tenant)

    _, masked, _ = await operator.types("show", letter["id"])
    shown = await operator.sees("show", letter["id"])
    assert "maria" not in masked
    assert {"email": "***"} == shown["payload"]["contacts"]
    assert [] == await audited(database, tenant)

    revealed = await operator.does("show", letter["id"], "--reveal")
    assert sent == revealed["payload"]
    assert [("ana", "reveal")] == await audited(database, tenant)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("show", "dl_none"), "no dead letter dl_none"),
        (("list", "--after", "dl_none"), "no dead letter dl_none"),
        (("list", "--state", "lost"), "lost"),
        (("list", "--since", "yesterday"), "yesterday"),
        (("groups", "--id", "dl_1"), "not selected by id"),
        (("discard", "--reason", "x"), "select what is meant"),
        (("discard", "--tenant", "t", "--reason", " "), "reason"),
        (("replay",), "select what is meant"),
        (("edit", "dl_1", "--file", "none.json", "--revision", "1"), "none.json cannot be read"),
        (("edit", "dl_none", "--file", "/dev/null", "--revision", "1"), "no dead letter dl_none"),
    ],
)
async def test_what_an_operator_gets_wrong_is_said_in_words(
    operator: Operator, arguments: tuple[str, ...], word: str
) -> None:
    """With the exit status 2."""
    status, out, err = await operator.types(*arguments)

    assert (2, "") == (status, out)
    assert word in err


async def test_tables_are_for_people(client: Client, tenant: str, operator: Operator) -> None:
    """Each has a line a letter, or a group; nothing that a sender wrote is obeyed by the terminal."""
    await posted(client, customer(1, **{"name": ..., "\x1b[2J": 1}))
    _, groups, _ = await operator.types("groups", "--tenant", tenant)
    _, letters, more = await operator.types("list", "--tenant", tenant, "--limit", "1")

    assert "REQUIRED" in groups
    [line] = [line for line in letters.splitlines() if line.startswith("dl_")]
    assert f"--after {line.split()[0]}" in more
    _, shown, _ = await operator.types("show", line.split()[0])
    assert "\x1b" not in shown
