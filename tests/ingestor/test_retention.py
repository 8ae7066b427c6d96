"""Dead letters and replay jobs past their time, on a real store and a clock that is moved."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace

import pytest
from prometheus_client import CollectorRegistry

from domain.clock import system_clock
from domain.dead_letters.entities import HistoryEntry, KeptLetter, Selection, State
from domain.dead_letters.trail import Trail
from ingestor.retention import Retention, RetentionLimits
from storage.driver import Database, open_database
from storage.store import Store
from tests.storage.builders import a_dead_letter
from tests.support.replays import Held, jobs_of, runner_of

DAY = 86_400_000
PATIENCE = 30.0
ALL = Selection(states=tuple(State))


@dataclass
class Clock:
    """Ours, moved on by days."""

    days: float = 0.0

    def __call__(self) -> int:
        return system_clock() + int(self.days * DAY)


def retention(store: Store, clock: Callable[[], int], *, closed: int = 90, open: int = 0) -> Retention:
    """One process's."""
    limits = RetentionLimits(closed, open)
    return Retention(store.retention, store.leases, CollectorRegistry(), clock, limits)


async def kept(store: Store, *states: State, first: int = 0, body: bytes = b"{}") -> list[KeptLetter]:
    """A letter for each of `states`, which was first seen now and then came to be so."""
    now = system_clock()
    letters = [
        a_dead_letter(f"dl_{number}", body=body, first_seen=now, last_seen=now)
        for number in range(first, first + len(states))
    ]
    await store.dead_letters.put_many(letters)
    before = [one for id in letters if (one := await store.kept_letters.get(id.id)) is not None]
    await change(store, before, states, at=now)
    return before


async def change(store: Store, letters: Sequence[KeptLetter], states: Sequence[State], *, at: int) -> None:
    """Bring letters into `states`."""
    changed = [
        (
            one,
            replace(
                one,
                state=state,
                revision=one.revision + 1,
                history=(*one.history, HistoryEntry(at, "ana", "replay", "")),
            ),
        )
        for one, state in zip(letters, states, strict=True)
        if state is not State.OPEN
    ]
    if changed:
        assert None not in await store.kept_letters.change_many(changed)


async def edit(store: Store, letter: KeptLetter, payload: bytes) -> KeptLetter:
    """`letter` with `payload` in place of its own, as an operator's edit leaves it."""
    trail = Trail(store.audit, system_clock, "ana")
    await trail.note_edit(letter, "edit", ALL, payload)
    after = await store.kept_letters.change(
        letter, replace(trail.after(letter, "edit", "", State.OPEN), edited=payload)
    )
    assert after is not None
    return after


async def ids(store: Store) -> set[str]:
    """Of all letters."""
    return {one.id for one in await store.kept_letters.page(ALL, after=None, limit=2_000)}


@pytest.fixture
async def database(mongodb_url: str, database_name: str, store: Store) -> AsyncIterator[Database]:
    """What the store keeps its letters in."""
    async with open_database(mongodb_url, database_name) as opened:
        yield opened


async def test_what_is_closed_goes_after_its_days(store: Store) -> None:
    """Not a day before; what nobody has dealt with stays."""
    await kept(store, State.RESOLVED, State.DISCARDED, State.OPEN, State.REPLAYING)
    clock = Clock(days=89)

    await retention(store, clock).remove(clock())
    assert {"dl_0", "dl_1", "dl_2", "dl_3"} == await ids(store)

    clock.days = 91
    await retention(store, clock).remove(clock())
    assert {"dl_2", "dl_3"} == await ids(store)


async def test_the_days_begin_with_the_last_change(store: Store) -> None:
    """Not when it was first seen."""
    [old] = await kept(store, State.OPEN)
    clock = Clock(days=100)
    await change(store, [old], [State.RESOLVED], at=clock())

    await retention(store, clock).remove(clock())

    assert {"dl_0"} == await ids(store)


async def test_nothing_goes_where_it_is_to_be_kept_for_ever(store: Store) -> None:
    """0 days."""
    await kept(store, State.RESOLVED, State.OPEN)
    clock = Clock(days=4_000)

    await retention(store, clock, closed=0).remove(clock())

    assert {"dl_0", "dl_1"} == await ids(store)


async def test_open_letters_go_only_where_that_is_set(store: Store) -> None:
    """After days of their own, while what is closed stays."""
    await kept(store, State.RESOLVED, State.OPEN, State.REPLAYING)
    clock = Clock(days=11)

    await retention(store, clock, open=10).remove(clock())

    assert {"dl_0", "dl_2"} == await ids(store)


async def test_what_belongs_to_a_letter_goes_with_it(store: Store, database: Database) -> None:
    """The rest of a long body, every edit and whom it names; the audit stays, and what is another's, too."""
    [long] = await kept(store, State.OPEN, body=b"x" * (12 * 1024 * 1024 + 1))
    [other] = await kept(store, State.OPEN, first=1)
    for payload in (b'{"id": "first"}', b"second"):
        long = await edit(store, long, payload)
    other = await edit(store, other, b'{"id": "third"}')
    names = database.collection("dead_letter_names")
    assert {"dl_0", "dl_1"} == {one["_id"] for one in await names.find({})}
    await change(store, [long], [State.DISCARDED], at=system_clock())
    clock = Clock(days=91)

    await retention(store, clock).remove(clock())

    assert {"dl_1"} == await ids(store)
    parts = await database.collection("dead_letter_parts").find({}, projection=["letter"])
    assert ["dl_1"] == [part["letter"] for part in parts]
    assert ["dl_1"] == [one["_id"] for one in await names.find({})]
    assert 3 == await database.collection("audit").count({}, 10)
    assert other == await store.kept_letters.get("dl_1")


async def test_what_was_cut_short_is_gone_on_with(store: Store, database: Database) -> None:
    """A letter whose parts are gone already can be read, and is still found."""
    [one] = await kept(store, State.OPEN)
    await change(store, [await edit(store, one, b"edited")], [State.RESOLVED], at=system_clock())
    letters = database.collection("dead_letters")
    await letters.update_many({"_id": "dl_0"}, {"$set": {"parts": 0, "edit": [], "edited": False}})
    await database.collection("dead_letter_parts").delete_many({"letter": "dl_0"})
    assert {"dl_0"} == await ids(store)
    clock = Clock(days=91)

    await retention(store, clock).remove(clock())

    assert set() == await ids(store)


async def test_more_than_one_step_removes(store: Store) -> None:
    """Steps go on behind what stays."""
    letters = await kept(store, *([State.RESOLVED] * 520))
    newest = [one for one in letters if int(one.id.removeprefix("dl_")) >= 470]
    clock = Clock(days=91)
    now = clock()
    survivors = list((await store.kept_letters.get_many([one.id for one in newest])).values())
    await change(store, survivors, [State.DISCARDED] * 50, at=now)

    await retention(store, clock).remove(now)

    assert {one.id for one in survivors} == await ids(store)


async def test_replay_jobs_that_are_over_go_too(store: Store, database: Database) -> None:
    """With their parts and lines; one that can still go on stays."""

    async def refuse(records: Sequence[object]) -> list[object]:
        raise AssertionError(records)

    jobs = jobs_of(store)
    await kept(store, State.OPEN, State.OPEN)
    done = await jobs.start(Selection(ids=("dl_0",)))
    await runner_of(store, refuse).run(done.id, Held())
    waiting = await jobs.start(Selection(ids=("dl_1",)))
    clock = Clock(days=91)

    await retention(store, clock).remove(clock())

    assert [waiting.id] == [job.id for job in await jobs.page(after=None, limit=10)]
    for name, expected in (("replay_parts", [f"{waiting.id}/00001"]), ("replay_lines", [])):
        assert expected == [one["_id"] for one in await database.collection(name).find({})]


async def test_one_of_all_ingestors_removes(store: Store) -> None:
    """The other waits for the lease, and takes over when the first has ended."""
    await kept(store, State.RESOLVED)
    clock = Clock(days=91)
    first, second = retention(store, clock), retention(store, clock)
    async with asyncio.timeout(PATIENCE):
        running = asyncio.create_task(first.run())
        while await ids(store):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        await kept(store, State.RESOLVED, first=1)
        await second.remove(clock())
        assert {"dl_1"} == await ids(store)
        first.stop()
        await running
        running = asyncio.create_task(second.run())
        while await ids(store):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        second.stop()
        await running


async def test_the_search_is_answered_from_indexes(database: Database) -> None:
    """Of the letters and of their parts; none is walked through as a whole."""
    letters, parts = database.collection("dead_letters"), database.collection("dead_letter_parts")
    plans = [
        await letters.explain(
            {"state": "resolved", "first_seen": {"$lt": 5}}, sort=[("first_seen", -1), ("_id", -1)], limit=5
        ),
        await parts.explain({"letter": {"$in": ["dl_1", "dl_2"]}}, sort=[("letter", 1)]),
    ]
    assert ["by_state", "by_letter"] == [
        name for plan in plans for name in ("by_state", "by_letter") if f"'indexName': '{name}'" in str(plan)
    ]
