"""Dead letters taken from one store into another, by way of a file's lines."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from contracts.letter_lines import letter_of, line_of
from domain.apply import ApplyRecords
from domain.clock import system_clock
from domain.dead_letters.entities import HistoryEntry, KeptLetter, Selection, State
from domain.dead_letters.errors import RepairError
from domain.dead_letters.trail import Trail
from domain.dead_letters.transfer import Transfer
from domain.receipts import DeadLetter
from domain.resolve import MatchPolicy
from storage.dead_letters import PART
from storage.store import Store, open_store
from tests.storage.builders import a_dead_letter
from tests.support.odp_v1_bodies import example
from tests.support.replays import replayed

EVERY = Selection(states=tuple(State))


@pytest.fixture
async def here(mongodb_url: str, database_name: str) -> AsyncIterator[Store]:
    """Where the letters are."""
    async with open_store(mongodb_url, name=database_name) as opened:
        yield opened


@pytest.fixture
async def there(mongodb_url: str, database_name: str) -> AsyncIterator[Store]:
    """Where they are taken to."""
    async with open_store(mongodb_url, name=f"{database_name}_there") as opened:
        yield opened
        await opened._database.drop()


def transfer(store: Store, tenant: str | None = None) -> Transfer:
    """What an operator takes out and brings in."""
    trail = Trail(store.audit, system_clock, "bia")
    return Transfer(store.kept_letters, store.letter_arrivals, trail, tenant)


async def lines_of(store: Store) -> list[bytes]:
    """Every letter of a store, as lines."""
    return [line_of(kept) async for page in transfer(store).export(EVERY) for kept in page]


async def kept_in(store: Store) -> list[KeptLetter]:
    """Every letter of a store."""
    return await store.kept_letters.page(EVERY, after=None, limit=99)


async def audited(store: Store) -> list[tuple[str, str, str]]:
    """Who did what with which letter."""
    entries = await store._database.collection("audit").find({}, sort=[("letter_id", 1)])
    return [(entry["actor"], entry["action"], entry["letter_id"]) for entry in entries]


async def test_letters_come_over_whole(here: Store, there: Store) -> None:
    """With bytes of any kind and size, edits, state and history; what they name finds them there, too."""
    binary = a_dead_letter("dl_2", index=None, body=bytes(range(256)) + b"x" * PART, first_seen=2)
    named = a_dead_letter("dl_1", body=b'{"customerId": "c-1"}', message="\u00e9\u2028", first_seen=1)
    await here.dead_letters.put_many([named, binary])
    before = await here.kept_letters.get("dl_1")
    assert before is not None
    entry = HistoryEntry(5, "ana", "edit", "a -> b", "job_1")
    edited = replace(before, revision=2, edited=b'{"customerId": "c-2"}', history=(entry,))
    assert await here.kept_letters.change(before, edited)
    given_up = await here.kept_letters.get("dl_2")
    assert given_up is not None
    done = replace(given_up, revision=2, state=State.DISCARDED, stored_in_part=True, job="job_2")
    assert await here.kept_letters.change(given_up, done)

    letters = [letter_of(line) for line in await lines_of(here)]
    assert 2 == await transfer(there).bring_in(letters, "file x")

    arrived = await kept_in(there)
    assert await kept_in(here) == [
        replace(kept, revision=kept.revision - 1, history=kept.history[:-1]) for kept in arrived
    ]
    assert [("bia", "import", "file x")] * 2 == [
        (last.actor, last.action, last.detail) for last in (kept.history[-1] for kept in arrived)
    ]
    for name in ("c-1", "c-2"):
        named_there = await there.kept_letters.page(replace(EVERY, customer=name), after=None, limit=9)
        assert ["dl_1"] == [kept.id for kept in named_there]
    assert [("bia", "export", "dl_1"), ("bia", "export", "dl_2")] == await audited(here)
    assert [("bia", "import", "dl_1"), ("bia", "import", "dl_2")] == await audited(there)


async def test_what_is_there_already_stays_as_it_is(here: Store) -> None:
    """And is not said to be imported."""
    await here.dead_letters.put_many([a_dead_letter("dl_1")])
    other = letter_of((await lines_of(here))[0])
    before = await kept_in(here)

    new = replace(other, letter=a_dead_letter("dl_3", first_seen=99), edited=b"{}")
    assert 1 == await transfer(here).bring_in([replace(other, state=State.DISCARDED), new], "file x")

    assert before == [kept for kept in await kept_in(here) if kept.id == "dl_1"]
    assert 0 == await transfer(here).bring_in([other, new], "file x")
    assert ("bia", "import", "dl_1") not in await audited(here)


async def test_an_operator_brings_in_letters_of_his_tenant_alone(here: Store) -> None:
    """With one of another's among them, none."""
    letters: list[DeadLetter] = [a_dead_letter("dl_1", tenant="own"), a_dead_letter("dl_2", tenant="other")]
    kept = [KeptLetter(letter, "") for letter in letters]

    with pytest.raises(RepairError, match="another tenant"):
        await transfer(here, "own").bring_in(kept, "file x")

    assert [] == await kept_in(here)
    assert 1 == await transfer(here, "own").bring_in(kept[:1], "file x")


async def test_what_was_brought_in_is_replayed(here: Store, there: Store) -> None:
    """As if it had failed there, and with its edit."""
    customer = json.dumps(example("customers", name=...)).encode()
    await here.dead_letters.put_many([a_dead_letter("dl_1", body=customer)])
    kept = await here.kept_letters.get("dl_1")
    assert kept is not None
    edited = replace(kept, revision=2, edited=json.dumps(example("customers")).encode())
    assert await here.kept_letters.change(kept, edited)

    letters = [letter_of(line) for line in await lines_of(here)]
    await transfer(there).bring_in(letters, "file x")

    apply = ApplyRecords(there.records, there.identities, there.dedupe, system_clock, MatchPolicy())
    assert {"dl_1": "created 1"} == await replayed(there, apply, Selection())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"state": "lost"}, "/state"),
        ({"id": "a/b"}, "/id"),
        ({"revision": 0}, "/revision"),
        ({"firstSeen": "yesterday"}, "/firstSeen"),
        ({"firstSeen": 10**18}, "/firstSeen"),
        ({"headers": {"a": 1}}, "/headers"),
        ({"body": {}}, "text or base64"),
        ({"body": {"base64": "?"}}, "base64 is none"),
        ({"format": "portico.dead-letter/2"}, "/format"),
        ({"more": 1}, "/more"),
        ({"message": "x" * 4_000_000}, "bytes besides"),
        ({"history": [{"at": 1}]}, "/history/0/actor"),
    ],
)
def test_a_line_that_is_none_is_refused_in_words(change: dict[str, Any], words: str) -> None:
    """Which part is wrong, and nothing of what it holds."""
    line = json.loads(line_of(KeptLetter(a_dead_letter("dl_1"), "")))

    with pytest.raises(RepairError, match=words) as caught:
        letter_of(json.dumps({**line, **change}).encode())

    assert 200 > len(str(caught.value))


@pytest.mark.parametrize("line", [b"", b"{", b"[]", b'{"id": "\\ud800"}', b"\xff"])
def test_what_is_not_json_is_refused(line: bytes) -> None:
    """As is JSON of another kind."""
    with pytest.raises(RepairError):
        letter_of(line)
