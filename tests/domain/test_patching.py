"""One change for many dead letters, on a real store."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from contracts.letter_changes import json_patch, named_transform
from domain.apply import ApplyRecords
from domain.clock import system_clock
from domain.dead_letters.entities import Selection, State
from domain.dead_letters.patching import Patching
from domain.dead_letters.trail import Trail, digest
from domain.dead_letters.use_case import DeadLetters, Means
from domain.resolve import MatchPolicy
from storage.store import Store, open_store
from tests.domain.test_dead_letters import OPEN, a_customer, a_letter, everything, outcomes
from tests.support.replays import means_of, replayed

WRAP = named_transform("wrap-in-array", {"pointer": "/externalIds"})


@pytest.fixture
async def store(mongodb_url: str, database_name: str) -> AsyncIterator[Store]:
    """A store of the test's own."""
    async with open_store(mongodb_url, name=database_name) as opened:
        yield opened


@pytest.fixture
def means(store: Store) -> Means:
    """The real ones."""
    apply = ApplyRecords(store.records, store.identities, store.dedupe, system_clock, MatchPolicy())
    return means_of(store, apply)


@pytest.fixture
def patching(store: Store, means: Means) -> Patching:
    """Of an operator called ana."""
    return Patching(store.kept_letters, means, Trail(store.audit, system_clock, "ana"))


@pytest.fixture
def letters(store: Store, means: Means) -> DeadLetters:
    """Of the same operator."""
    return DeadLetters(store.kept_letters, means, Trail(store.audit, system_clock, "ana"))


def faulty(number: int, **changes: Any) -> bytes:
    """A customer with a text where an array belongs."""
    return a_customer(number, externalIds=f"app:{number}", **changes)


async def test_a_preview_says_what_would_be_and_writes_nothing(store: Store, patching: Patching) -> None:
    """For each sample: what a replay would do, or why the change would not be kept."""
    await store.dead_letters.put_many(
        [
            a_letter(1, body=faulty(1)),
            a_letter(2, body=a_customer(2)),
            a_letter(3, body=faulty(3, name=...)),
            a_letter(4, body=faulty(4)),
        ]
    )
    before = await everything(store)

    good, unfit, refused = await patching.preview(OPEN, WRAP, samples=3)

    assert good.trial is not None
    assert "created 1" == good.trial.words()
    assert b'"externalIds":["app:1"]' in (good.after or b"")
    assert (None, "it changes nothing here") == (unfit.after, unfit.refused)
    assert "REQUIRED" in refused.refused
    assert refused.after is not None
    assert before == await everything(store)


async def test_a_group_is_patched_and_replayed(
    store: Store, means: Means, patching: Patching, letters: DeadLetters
) -> None:
    """More than are in hand at a time; the originals stay; audit and history say what was done."""
    bodies = {f"dl_{n}": faulty(n) for n in range(120)}
    await store.dead_letters.put_many([a_letter(n, body=bodies[f"dl_{n}"]) for n in range(120)])

    assert dict.fromkeys(bodies, "") == await outcomes(patching.patch(OPEN, WRAP))

    kept = await letters.get("dl_7")
    assert (bodies["dl_7"], 2, State.OPEN) == (kept.letter.body, kept.revision, kept.state)
    digests = f"{digest(bodies['dl_7'])} -> {digest(kept.payload)}"
    assert [("ana", "patch", f"wrap-in-array /externalIds: {digests}")] == [
        (one.actor, one.action, one.detail) for one in kept.history
    ]
    audit = await store._database.collection("audit").find({"action": "patch"})
    assert set(bodies) == {entry["letter_id"] for entry in audit}
    assert {"wrap-in-array /externalIds"} == {entry["detail"] for entry in audit}
    assert all(digest(bodies[entry["letter_id"]]) == entry["before"] != entry["after"] for entry in audit)
    assert dict.fromkeys(bodies, "created 1") == await replayed(store, means.apply, OPEN)


async def test_what_may_not_be_edited_or_is_not_taken_stays_as_it_is(
    store: Store, patching: Patching, letters: DeadLetters
) -> None:
    """Each with words, and its good neighbours are patched."""
    await store.dead_letters.put_many(
        [
            a_letter(1, body=faulty(1)),
            a_letter(2, body=faulty(2, name=...)),
            a_letter(3, body=b"not json"),
            a_letter(4, body=faulty(4), code="IDEMPOTENCY_CONFLICT"),
            a_letter(5, body=faulty(5)),
        ]
    )
    assert {"dl_5": ""} == await outcomes(letters.discard(Selection(ids=("dl_5",)), "x"))

    said = await outcomes(patching.patch(Selection(states=tuple(State)), WRAP))

    assert ["dl_1"] == [id for id, refusal in said.items() if not refusal]
    assert "REQUIRED" in said["dl_2"]
    assert "not valid JSON" in said["dl_3"]
    assert "idempotency key" in said["dl_4"]
    assert "it is discarded" == said["dl_5"]
    assert {2: 1, 3: 1, 4: 1, 5: 2} == {n: (await letters.get(f"dl_{n}")).revision for n in range(2, 6)}


async def test_a_whole_body_is_patched_as_a_whole(store: Store, means: Means, patching: Patching) -> None:
    """A letter without an index."""
    body = b'{"customers": [%b]}' % faulty(1)
    await store.dead_letters.put_many([a_letter(1, index=None, body=body, pointer="")])
    change = json_patch(b'[{"op": "replace", "path": "/customers/0/externalIds", "value": ["app:1"]}]')

    assert {"dl_1": ""} == await outcomes(patching.patch(OPEN, change))
    assert {"dl_1": "created 1"} == await replayed(store, means.apply, OPEN)


async def test_a_change_made_meanwhile_is_not_overwritten(
    store: Store, patching: Patching, letters: DeadLetters
) -> None:
    """Somebody edits a letter between the reading and the patching."""
    await store.dead_letters.put_many([a_letter(1, body=faulty(1))])
    page = await store.kept_letters.page(OPEN, after=None, limit=1)
    await letters.edit("dl_1", a_customer(1, name="By hand"), 1)

    assert "somebody else changed it meanwhile" == (await patching._patch(page[0], OPEN, WRAP)).refused
    assert b"By hand" in (await letters.get("dl_1")).payload
