"""Dead letters tried and replayed, on a real store."""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from contracts.odp_v1.operations import ODP_V1
from contracts.operations import Origin
from domain.apply import ApplyRecords
from domain.clock import system_clock
from domain.dead_letters.entities import Selection, State
from domain.dead_letters.errors import EditConflictError, NoSuchLetterError, RepairError
from domain.dead_letters.trail import Trail
from domain.dead_letters.use_case import DeadLetters, Done
from domain.errors import StoreUnavailableError
from domain.receipts import DeadLetter
from domain.records import Applied, Record
from domain.resolve import MatchPolicy
from storage.store import Store, open_store
from tests.storage.builders import a_dead_letter
from tests.support.odp_v1_bodies import example
from tests.support.privacy import everything as whole_database
from tests.support.replays import Held, jobs_of, means_of, replayed, runner_of

CUSTOMERS = ODP_V1[0]
OPEN = Selection()
EVERY = Selection(states=tuple(State))


@pytest.fixture
async def store(mongodb_url: str, database_name: str) -> AsyncIterator[Store]:
    """A store of the test's own."""
    async with open_store(mongodb_url, name=database_name) as opened:
        yield opened


@dataclass
class Bench:
    """The use case and what it works on."""

    store: Store
    apply: ApplyRecords
    letters: DeadLetters

    async def replay(self, selection: Selection) -> dict[str, str]:
        """What a replay job over `selection` says of each letter."""
        return await replayed(self.store, self.apply, selection)


def on(store: Store, apply: Any, actor: str = "ana") -> DeadLetters:
    """The use case, which applies by `apply`."""
    return DeadLetters(store.kept_letters, means_of(store, apply), Trail(store.audit, system_clock, actor))


@pytest.fixture
def bench(store: Store) -> Bench:
    """All of it."""
    apply = ApplyRecords(store.records, store.identities, store.dedupe, system_clock, MatchPolicy())
    return Bench(store, apply, on(store, apply))


def a_letter(number: int, **changes: Any) -> DeadLetter:
    """The dead letter of a customer, who is good unless it is changed."""
    facts: dict[str, Any] = {"body": a_customer(number), "index": number, "first_seen": number}
    return a_dead_letter(f"dl_{number}", **{**facts, **changes})


def a_customer(number: int, **changes: Any) -> bytes:
    """A customer that shares no key with another."""
    own = {"id": f"c-{number}", "externalIds": [f"app:{number}"], "contacts": {}}
    return json.dumps(example("customers", **{**own, **changes})).encode()


async def send(bench: Bench, *bodies: bytes, ingestion: str = "ing_9") -> list[Applied]:
    """Apply customers that came by the front door."""
    body = b'{"customers": [%b]}' % b",".join(bodies)
    decoded = CUSTOMERS.decode(body, Origin("acme", ingestion, 1_800_000_000_000))
    return await bench.apply([record for _, record in decoded.records])


async def outcomes(results: AsyncIterator[Done]) -> dict[str, str]:
    """What was said of each letter."""
    return {
        done.letter.id: done.refused or (done.trial.words() if done.trial else "") async for done in results
    }


async def everything(store: Store) -> Any:
    """All that is stored of customers."""
    database = store._database
    return [
        await database.collection(name).find({}, sort=[("_id", 1)])
        for name in ("customers", "identities", "dead_letters", "dedupe_candidates", "audit")
    ]


async def test_a_dry_run_says_what_a_replay_then_does(
    bench: Bench, mongodb_url: str, database_name: str
) -> None:
    """Each outcome there is; and it writes nothing at all, in no collection."""
    newer = "2027-01-01T00:00:00Z"
    older = "2020-01-01T00:00:00Z"
    await send(bench, a_customer(2, updatedAt=older), a_customer(3, updatedAt=newer), a_customer(4))
    await bench.store.dead_letters.put_many(
        [
            a_letter(1),
            a_letter(2, body=a_customer(2, name="Renamed")),
            a_letter(3, body=a_customer(3, name="Renamed")),
            a_letter(4),
            a_letter(5, body=a_customer(5, name=...), pointer="/customers/5/name"),
        ]
    )
    before = await whole_database(mongodb_url, database_name)

    said = await outcomes(bench.letters.dry_run(OPEN))

    expected = {
        "dl_1": "created 1",
        "dl_2": "updated 1",
        "dl_3": "stale 1",
        "dl_4": "unchanged 1",
        "dl_5": "dead 1: REQUIRED at /customers/5/name",
    }
    assert expected == said
    assert before == await whole_database(mongodb_url, database_name)
    assert expected == await bench.replay(OPEN)


async def test_a_letter_replayed_after_a_newer_version_was_stored_is_stale(
    bench: Bench, mongodb_url: str, database_name: str
) -> None:
    """It changes nothing but itself, the audit and the job; it is resolved, and its history says so."""
    old = a_customer(1, name="Old", updatedAt="2020-01-01T00:00:00Z")
    await bench.store.dead_letters.put_many([a_letter(1, body=old)])
    await send(bench, a_customer(1, updatedAt="2027-01-01T00:00:00Z"))
    before = await whole_database(mongodb_url, database_name)

    assert {"dl_1": "stale 1"} == await bench.replay(OPEN)

    after = await whole_database(mongodb_url, database_name)
    assert {"customers", "identities"} <= before.keys()
    changed = {name for name, documents in after.items() if documents != before.get(name)}
    assert {"dead_letters", "audit", "replay_jobs", "replay_parts", "replay_lines"} == changed
    kept = await bench.letters.get("dl_1")
    assert (State.RESOLVED, "replay", "stale 1") == (
        kept.state,
        kept.history[-1].action,
        kept.history[-1].detail,
    )


async def test_replaying_again_changes_nothing(bench: Bench) -> None:
    """What is resolved is not tried again; even where it were, nothing would come of it."""
    await bench.store.dead_letters.put_many([a_letter(1), a_letter(2)])
    await bench.replay(OPEN)
    *before, _ = await everything(bench.store)

    assert {} == await bench.replay(OPEN)
    assert {"dl_1": "it is resolved", "dl_2": "it is resolved"} == await bench.replay(EVERY)
    *after, _ = await everything(bench.store)
    assert before == after
    await bench.store.dead_letters.put_many([a_letter(1, last_seen=99)])
    assert State.RESOLVED is (await bench.letters.get("dl_1")).state
    await bench.store.dead_letters.put_many([a_letter(3, body=a_customer(1), index=1)])
    assert {"dl_3": "unchanged 1"} == await outcomes(bench.letters.dry_run(OPEN))


async def test_what_fails_again_stays_the_same_letter(bench: Bench) -> None:
    """Its attempts are counted, and it moves to the group of its newest reason."""
    letter = a_letter(1, code="OLD_REASON", body=a_customer(1, name=...), pointer="/customers/1/name")
    await bench.store.dead_letters.put_many([letter])

    await bench.replay(OPEN)
    await bench.replay(OPEN)

    kept = await bench.letters.get("dl_1")
    assert (State.OPEN, 3, "REQUIRED", letter.body) == (
        kept.state,
        kept.letter.attempts,
        kept.letter.code,
        kept.letter.body,
    )
    assert kept.letter.last_seen > letter.last_seen
    assert ["dead 1: REQUIRED at /customers/1/name"] * 2 == [entry.detail for entry in kept.history]
    assert [("REQUIRED", 1)] == [(one.code, one.count) for one in await bench.letters.groups(OPEN)]


async def test_a_whole_body_is_replayed_with_every_record(bench: Bench) -> None:
    """Those that are good are stored; for the others the letter stays."""
    good, bad = a_customer(1), a_customer(2, name=...)
    body = b'{"customers": [%b, %b]}' % (good, bad)
    letter = a_letter(1, index=None, body=body, records=2, code="ATTEMPTS_EXHAUSTED", pointer="")
    await bench.store.dead_letters.put_many([letter])

    assert {"dl_1": "created 1, dead 1: REQUIRED at /customers/1/name"} == await bench.replay(OPEN)

    kept = await bench.letters.get("dl_1")
    assert (State.OPEN, True, "REQUIRED") == (kept.state, kept.stored_in_part, kept.letter.code)


@pytest.mark.parametrize(
    "letter",
    [
        a_letter(1, code="UNDECODABLE_MESSAGE", operation="", tenant=""),
        a_letter(1, code="WEBHOOK_GAVE_UP", operation="webhook"),
        a_letter(1, code="IDEMPOTENCY_CONFLICT", index=None),
    ],
    ids=lambda letter: letter.code,
)
async def test_what_can_never_be_replayed_is_refused_in_words(bench: Bench, letter: DeadLetter) -> None:
    """And left as it is."""
    await bench.store.dead_letters.put_many([letter])
    *before, _ = await everything(bench.store)

    for said in (await outcomes(bench.letters.dry_run(OPEN)), await bench.replay(OPEN)):
        assert len(said["dl_1"]) > 20

    *after, _ = await everything(bench.store)
    assert before == after


async def test_a_replay_that_was_cut_short_is_made_again(bench: Bench) -> None:
    """The letter says that a replay began; nothing else may be done with it but another one."""
    await bench.store.dead_letters.put_many([a_letter(1)])

    hold = Held()

    async def away(records: Sequence[Record]) -> list[Applied]:
        await bench.apply(records)
        hold.goes_on = False
        raise StoreUnavailableError("away")

    job = await jobs_of(bench.store).start(OPEN)
    await runner_of(bench.store, away).run(job.id, hold)

    cut_short = Selection(states=(State.REPLAYING,))
    assert {"dl_1": "it is replaying"} == await outcomes(bench.letters.discard(cut_short, "x"))
    assert {"dl_1": "unchanged 1"} == await outcomes(bench.letters.dry_run(cut_short))
    assert {"dl_1": "created 1"} == await bench.replay(cut_short)
    assert State.RESOLVED is (await bench.letters.get("dl_1")).state


async def test_a_bug_fails_its_own_letter_alone(bench: Bench) -> None:
    """Its neighbours are stored."""
    await bench.store.dead_letters.put_many([a_letter(1), a_letter(2), a_letter(3)])

    async def buggy(records: Sequence[Record]) -> list[Applied]:
        if any(record.key == "c-2" for record in records):
            raise RuntimeError("a bug")
        return await bench.apply(records)

    said = await replayed(bench.store, buggy, OPEN)

    assert {"dl_1": "created 1", "dl_2": "dead 1: INTERNAL_ERROR at /", "dl_3": "created 1"} == said


async def test_of_two_who_replay_at_once_one_does(bench: Bench) -> None:
    """The other is told."""
    await bench.store.dead_letters.put_many([a_letter(1)])
    second: dict[str, str] = {}

    async def meanwhile(records: Sequence[Record]) -> list[Applied]:
        kept = await bench.letters.get("dl_1")
        faster = replace(kept, state=State.RESOLVED, revision=kept.revision + 1)
        assert await bench.store.kept_letters.change(kept, faster)
        return await bench.apply(records)

    second = await replayed(bench.store, meanwhile, OPEN)

    assert {"dl_1": "somebody else changed it meanwhile"} == second
    assert State.RESOLVED is (await bench.letters.get("dl_1")).state


async def test_more_letters_than_are_held_at_once(bench: Bench) -> None:
    """All of them, once; those that come in meanwhile are left for the next time."""
    await bench.store.dead_letters.put_many([a_letter(n) for n in range(120)])
    late = a_letter(999, first_seen=system_clock() + 60_000)

    async def meanwhile(records: Sequence[Record]) -> list[Applied]:
        await bench.store.dead_letters.put_many([late])
        return await bench.apply(records)

    said = await replayed(bench.store, meanwhile, OPEN)

    assert {f"dl_{n}": "created 1" for n in range(120)} == said


async def test_an_edit_is_what_the_next_replay_tries(bench: Bench) -> None:
    """The original stays beside it; history and audit have both digests."""
    letter = a_letter(1, body=a_customer(1, name=...))
    await bench.store.dead_letters.put_many([letter])

    edited = await bench.letters.edit("dl_1", a_customer(1, name="Ana"), 1)

    assert (a_customer(1, name="Ana"), letter.body, 2) == (
        edited.payload,
        edited.letter.body,
        edited.revision,
    )
    assert edited == await bench.letters.get("dl_1")
    assert {"dl_1": "created 1"} == await bench.replay(OPEN)
    [stored] = (await everything(bench.store))[0]
    assert "Ana" == stored["fields"]["display_name"]
    audit = sorted((await everything(bench.store))[4], key=lambda entry: entry["at"])
    before, after = edited.history[0].detail.split(" -> ")
    started = ("start replay job", "", "")
    assert [("edit", before, after), started, ("replay", after, after), ("replayed", after, after)] == [
        (entry["action"], entry["before"], entry["after"]) for entry in audit
    ]


async def test_an_edit_that_changes_nothing_leaves_nothing_behind(bench: Bench) -> None:
    """Neither of the original nor of an earlier edit; going back from an edit to the original is an edit."""
    await bench.store.dead_letters.put_many([a_letter(1)])
    original, edited = a_customer(1), a_customer(1, name="Ana")
    for payload, revision in ((original, 1), (edited, 2), (original, 3)):
        seen = (await bench.letters.get("dl_1")).revision
        assert revision == (await bench.letters.edit("dl_1", payload, seen)).revision
        before = await everything(bench.store)
        kept = await bench.letters.edit("dl_1", payload, revision)
        assert kept == await bench.letters.get("dl_1")
        assert before == await everything(bench.store)


async def test_an_edit_that_changes_nothing_keeps_the_guards(bench: Bench) -> None:
    """Whoever sends a faulty payload as it was, or saw another revision, is told so."""
    faulty = a_customer(1, name=...)
    await bench.store.dead_letters.put_many([a_letter(1, body=faulty)])
    with pytest.raises(RepairError, match="REQUIRED"):
        await bench.letters.edit("dl_1", faulty, 1)
    mended = a_customer(1)
    await bench.letters.edit("dl_1", mended, 1)
    with pytest.raises(EditConflictError):
        await bench.letters.edit("dl_1", mended, 1)


async def test_the_second_of_two_editors_sees_what_the_first_did(bench: Bench) -> None:
    """And changes nothing."""
    await bench.store.dead_letters.put_many([a_letter(1, body=a_customer(1, name=...))])
    first = await bench.letters.edit("dl_1", a_customer(1, name="Ana"), 1)

    with pytest.raises(EditConflictError) as caught:
        await bench.letters.edit("dl_1", a_customer(1, name="Bia"), 1)

    assert first == caught.value.kept
    assert first == await bench.letters.get("dl_1")


@pytest.mark.parametrize(
    ("letter", "payload", "words"),
    [
        (a_letter(1), a_customer(1, name=...), "REQUIRED"),
        (a_letter(1), b"no JSON", "INVALID_JSON"),
        (a_letter(1), a_customer(1) + b"," + a_customer(2), "INVALID_JSON"),
        (a_letter(1, code="WEBHOOK_GAVE_UP", operation="webhook"), b"{}", "delivery"),
    ],
)
async def test_an_edit_that_cannot_be_is_refused(
    bench: Bench, letter: DeadLetter, payload: bytes, words: str
) -> None:
    """By the contract, or because the letter can never be replayed; nothing is kept."""
    await bench.store.dead_letters.put_many([letter])
    before = await everything(bench.store)

    with pytest.raises(RepairError, match=words):
        await bench.letters.edit("dl_1", payload, 1)

    assert before == await everything(bench.store)


async def test_what_is_stored_in_part_or_settled_is_not_edited(bench: Bench) -> None:
    """Another content under a version that is stored would be lost in silence."""
    body = b'{"customers": [%b, %b]}' % (a_customer(1), a_customer(2, name=...))
    await bench.store.dead_letters.put_many(
        [a_letter(1, index=None, body=body), a_letter(3), a_letter(4, body=a_customer(4, name=...))]
    )
    await bench.replay(OPEN)

    for id, words in (("dl_1", "some of its records are stored"), ("dl_3", "it is resolved")):
        revision = (await bench.letters.get(id)).revision
        with pytest.raises(RepairError, match=words):
            await bench.letters.edit(id, b'{"customers": [%b]}' % a_customer(5), revision)
    failed = await bench.letters.get("dl_4")
    assert State.OPEN is (await bench.letters.edit("dl_4", a_customer(4), failed.revision)).state


async def test_what_cannot_be_is_said(bench: Bench) -> None:
    """An id that nobody has, groups by id, a discard without a reason."""
    with pytest.raises(NoSuchLetterError, match="dl_none"):
        await bench.letters.get("dl_none")
    with pytest.raises(RepairError):
        await bench.letters.groups(Selection(ids=("dl_1",)))
    with pytest.raises(RepairError, match="reason"):
        await outcomes(bench.letters.discard(OPEN, " "))
