"""Replay jobs over a real store: paced, held, broken off, taken over, and nothing done twice."""

import asyncio
import math
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from domain.apply import ApplyRecords
from domain.clock import system_clock
from domain.dead_letters.entities import KeptLetter, Selection, State
from domain.dead_letters.errors import RepairError
from domain.dead_letters.one_tenant import OneTenant
from domain.dead_letters.trail import Trail
from domain.errors import StoreUnavailableError
from domain.reading import Cursor
from domain.records import Applied, Outcome, Record
from domain.replay.entities import MOST_A_PART, JobState, ReplayJob, ReplayOptions
from domain.replay.errors import JobStateError, NoSuchJobError
from domain.replay.part import BYTES_AT_ONCE, LETTERS_AT_ONCE, PartReplay
from domain.replay.run import JobRunner
from domain.replay.use_case import ReplayJobs
from domain.resolve import MatchPolicy
from storage.store import Store, open_store
from tests.domain.test_dead_letters import EVERY, OPEN, a_customer, a_letter
from tests.support.replays import Held, jobs_of, lines_of, means_of, runner_of, said_of

FAULTY = a_customer(1, name=...)
_MORE = MOST_A_PART + 20
"""Letters that are more than one part."""


@dataclass
class Clock:
    """A clock that is set forward by whoever sleeps by it."""

    now: float

    def __call__(self) -> int:
        return int(self.now)

    async def sleep(self, seconds: float) -> None:
        """Take no time."""
        self.now += seconds * 1000
        await asyncio.sleep(0)


@dataclass
class Bench:
    """A store, and what is done over it."""

    store: Store
    apply: ApplyRecords
    jobs: ReplayJobs

    async def keeps(self, count: int, **given: Any) -> None:
        """Put so many letters into the store."""
        await self.store.dead_letters.put_many([a_letter(n, **given) for n in range(count)])

    async def run(self, job: ReplayJob, apply: Any = None, hold: Held | None = None, **timing: Any) -> None:
        """Run a job as an ingestor does."""
        await runner_of(self.store, apply or self.apply, **timing).run(job.id, hold or Held())

    async def letters(self) -> list[KeptLetter]:
        """Every letter, in whatever state."""
        return await self.store.kept_letters.page(EVERY, after=None, limit=1_000)

    def acting(self, act: Callable[[], Awaitable[Any]]) -> Any:
        """Applies, having done something else the first time."""
        left = [act]

        async def apply(records: Sequence[Record]) -> list[Applied]:
            while left:
                await left.pop()()
            return await self.apply(records)

        return apply


@pytest.fixture
async def bench(mongodb_url: str, database_name: str) -> AsyncIterator[Bench]:
    """With nothing stored yet."""
    async with open_store(mongodb_url, name=database_name) as store:
        apply = ApplyRecords(store.records, store.identities, store.dedupe, system_clock, MatchPolicy())
        yield Bench(store, apply, jobs_of(store))


async def test_a_rate_is_kept(bench: Bench) -> None:
    """Sixty letters at twenty a second take three seconds, less the part that begins at once."""
    await bench.keeps(60)
    clock = Clock(system_clock())
    begun = clock.now
    job = await bench.jobs.start(OPEN, ReplayOptions(rate=20))
    await bench.run(job, clock=clock, sleep=clock.sleep)

    assert JobState.DONE is (await bench.jobs.get(job.id)).state
    assert 2.7 <= (clock.now - begun) / 1000 <= 3.3


async def test_a_ramp_begins_slowly(bench: Bench) -> None:
    """From a tenth of the rate: in ten seconds of a ramp to 20/s there is time for about 110 letters."""
    await bench.keeps(60)
    clock = Clock(system_clock())
    begun = clock.now
    job = await bench.jobs.start(OPEN, ReplayOptions(rate=20, ramp=10))
    await bench.run(job, clock=clock, sleep=clock.sleep)

    assert 5 <= (clock.now - begun) / 1000 <= 9


async def test_a_job_is_paused_and_goes_on(bench: Bench) -> None:
    """The part in hand is finished; nothing else is touched until it is resumed."""
    await bench.keeps(_MORE)
    job = await bench.jobs.start(OPEN)
    await bench.run(job, bench.acting(lambda: bench.jobs.pause(job.id)))

    paused = await bench.jobs.get(job.id)
    assert (JobState.PAUSED, MOST_A_PART) == (paused.state, paused.progress.letters)
    assert _MORE - MOST_A_PART == sum(kept.state is State.OPEN for kept in await bench.letters())
    await bench.run(job)
    assert paused == await bench.jobs.get(job.id)

    await bench.jobs.resume(job.id)
    await bench.run(job)
    done = await bench.jobs.get(job.id)
    assert (JobState.DONE, {Outcome.CREATED: _MORE}, True) == (
        done.state,
        done.progress.outcomes,
        done.went_well,
    )
    assert {f"dl_{n}": "created 1" for n in range(_MORE)} == await said_of(bench.jobs, job)


async def test_a_cancelled_job_is_over(bench: Bench) -> None:
    """What it did stays and is told; the rest is left as it was."""
    await bench.keeps(_MORE)
    job = await bench.jobs.start(OPEN)
    await bench.run(job, bench.acting(lambda: bench.jobs.cancel(job.id)))

    cancelled = await bench.jobs.get(job.id)
    assert (JobState.CANCELLED, MOST_A_PART, MOST_A_PART) == (
        cancelled.state,
        cancelled.progress.letters,
        len(await lines_of(bench.jobs, job)),
    )
    for change in (bench.jobs.pause, bench.jobs.resume, bench.jobs.cancel):
        with pytest.raises(JobStateError, match="cancelled"):
            await change(job.id)


async def test_a_breaker_stops_a_job(bench: Bench) -> None:
    """Once too many failed; who resumes it lets it go on, and it stops again for the next ones only."""
    await bench.keeps(2 * MOST_A_PART + 20, body=FAULTY)
    job = await bench.jobs.start(OPEN, ReplayOptions(breaker=0.5))
    for parts in (1, 2):
        await bench.run(job)
        stopped = await bench.jobs.get(job.id)
        assert (JobState.STOPPED, parts * MOST_A_PART) == (stopped.state, stopped.progress.failed)
        await bench.jobs.resume(job.id)
    await bench.run(job)

    done = await bench.jobs.get(job.id)
    assert (JobState.DONE, 2 * MOST_A_PART + 20, False) == (done.state, done.progress.failed, done.went_well)
    assert {2} == {kept.letter.attempts for kept in await bench.letters()}


async def test_a_job_holds_no_more_than_its_bound(bench: Bench) -> None:
    """However many letters it is over: two hundred tried together, twice; large ones alone."""
    few = 2 * LETTERS_AT_ONCE + 10
    await bench.keeps(few)
    large = "x" * (BYTES_AT_ONCE * 5 // 8)
    await bench.store.dead_letters.put_many(
        [a_letter(n, body=a_customer(n, name=large)) for n in range(few, few + 2)]
    )
    in_hand: Counter[str] = Counter()
    most: Counter[str] = Counter()

    async def apply(records: Sequence[Record]) -> list[Applied]:
        size = sum(len(record.document) for record in records)
        in_hand.update(records=len(records), bytes=size)
        most["together"] = max(most["together"], len(records))
        most["records"] = max(most["records"], in_hand["records"])
        most["bytes"] = max(most["bytes"], in_hand["bytes"])
        try:
            return await bench.apply(records)
        finally:
            in_hand.update(records=-len(records), bytes=-size)

    job = await bench.jobs.start(OPEN)
    await bench.run(job, apply)

    assert {Outcome.CREATED: few + 2} == (await bench.jobs.get(job.id)).progress.outcomes
    assert LETTERS_AT_ONCE == most["together"]
    assert most["records"] <= 2 * LETTERS_AT_ONCE
    assert len(large) < most["bytes"] <= 2 * BYTES_AT_ONCE


async def test_a_job_waits_while_the_store_is_away(bench: Bench) -> None:
    """And says why; each letter is told once."""
    await bench.keeps(3)
    job = await bench.jobs.start(OPEN)
    seen: list[str] = []

    async def away() -> None:
        raise StoreUnavailableError("the store is away")

    async def look(seconds: float) -> None:
        seen.append((await bench.jobs.get(job.id)).waiting)

    await bench.run(job, bench.acting(away), sleep=look)

    assert ["the store is away"] == seen
    done = await bench.jobs.get(job.id)
    assert (JobState.DONE, "") == (done.state, done.waiting)
    assert dict.fromkeys(("dl_0", "dl_1", "dl_2"), "created 1") == await said_of(bench.jobs, job)


async def emptied(store: Store) -> None:
    """Take away what the letters and jobs of a test left."""
    for name in ("customers", "identities", "dead_letters", "dead_letter_parts"):
        await store._database.collection(name).delete_many({})


class Crash(BaseException):
    """The process ends."""


class Crashing:
    """A part of the store whose process ends before, or right after, its call number `at`."""

    def __init__(self, part: Any, calls: list[str], at: int, *, before: bool) -> None:
        self._part = part
        self._calls = calls
        self._at = at
        self._before = before

    def __getattr__(self, name: str) -> Any:
        async def call(*given: Any, **named: Any) -> Any:
            self._calls.append(name)
            if self._before and len(self._calls) == self._at:
                raise Crash
            result = await getattr(self._part, name)(*given, **named)
            if len(self._calls) == self._at:
                raise Crash
            return result

        return call


@pytest.mark.parametrize("before", [True, False])
async def test_a_job_whose_process_is_killed_goes_on_with_another(bench: Bench, before: bool) -> None:
    """Before or after any call to the store: each letter is settled once, and its line is true."""
    stored = {"created 1", "unchanged 1"}  # the latter where it was stored and could not be said
    at = crashes = 0
    while crashes == at:
        at += 1
        await emptied(bench.store)
        await bench.store.dead_letters.put_many([a_letter(0), a_letter(1, body=FAULTY), a_letter(2)])
        job = await bench.jobs.start(OPEN)
        calls: list[str] = []
        jobs, letters, audit = (
            Crashing(part, calls, at, before=before)
            for part in (bench.store.replay_jobs, bench.store.kept_letters, bench.store.audit)
        )
        part = PartReplay(letters, audit, means_of(bench.store, bench.apply), system_clock)
        try:
            await JobRunner(jobs, part, system_clock).run(job.id, Held())
        except Crash:
            crashes += 1
        await bench.run(job)

        done = await bench.jobs.get(job.id)
        assert (JobState.DONE, 3) == (done.state, done.progress.letters), calls
        said = await said_of(bench.jobs, job)
        assert "dead 1: REQUIRED at /customer/name" == said.pop("dl_1"), calls
        assert {"dl_0", "dl_2"} == said.keys(), calls
        assert stored.issuperset(said.values()), calls
        kept = {one.id: one for one in await bench.letters()}
        assert [1, 1, 1] == [len(one.history) for one in kept.values()], calls
        assert [1, 2, 1] == [kept[f"dl_{n}"].letter.attempts for n in range(3)], calls
    assert crashes > 8


async def test_of_two_processes_with_one_job_none_does_it_again(bench: Bench) -> None:
    """As when a lease was lost without notice."""
    await bench.keeps(60)
    job = await bench.jobs.start(OPEN)
    await asyncio.gather(bench.run(job), bench.run(job))

    done = await bench.jobs.get(job.id)
    assert (JobState.DONE, 60) == (done.state, done.progress.letters)
    assert {1} == {len(kept.history) for kept in await bench.letters()}


async def test_what_was_changed_after_the_start_is_left_alone(bench: Bench) -> None:
    """The selection is frozen: as it was seen, or not at all."""
    await bench.keeps(3)
    job = await bench.jobs.start(OPEN)
    [kept, *_] = await bench.letters()
    trail = Trail(bench.store.audit, system_clock, "bia")
    assert await bench.store.kept_letters.change(kept, trail.after(kept, "edit", "", State.OPEN))
    await bench.run(job)

    said = await said_of(bench.jobs, job)
    assert "it was changed since the job was started" == said.pop(kept.id)
    assert {"created 1"} == set(said.values())


async def test_a_job_begins_when_it_is_due(bench: Bench) -> None:
    """No ingestor takes it before; then until it is over."""
    await bench.keeps(1)
    later = system_clock() + 60_000
    job = await bench.jobs.start(OPEN, ReplayOptions(start_at=later))

    assert [] == await bench.store.replay_jobs.due(later - 1, 10)
    assert [job] == await bench.store.replay_jobs.due(later, 10)
    await bench.run(job)
    assert [] == await bench.store.replay_jobs.due(later, 10)


async def test_a_job_over_nothing_is_done(bench: Bench) -> None:
    """At once."""
    job = await bench.jobs.start(OPEN)

    assert (JobState.DONE, 0) == (job.state, job.total)
    assert job == await bench.jobs.get(job.id)


async def test_jobs_are_listed_newest_first(bench: Bench) -> None:
    """In pages; an operator of one tenant sees those of his tenant alone."""
    of_all = [await bench.jobs.start(OPEN) for _ in range(2)]
    bound = ReplayJobs(
        bench.store.replay_jobs,
        OneTenant(bench.store.kept_letters, "acme"),
        Trail(bench.store.audit, system_clock, "bia"),
        "acme",
    )
    own = await bound.start(OPEN)
    ids = sorted((job.id for job in [*of_all, own]), reverse=True)

    [first] = await bench.jobs.page(after=None, limit=1)
    rest = await bench.jobs.page(after=Cursor(first.created_at, first.id), limit=10)
    assert ids == [first.id, *(job.id for job in rest)]
    assert [own] == await bound.page(after=None, limit=10)
    for id in ("job_none", of_all[0].id):
        with pytest.raises(NoSuchJobError):
            await bound.get(id)
        with pytest.raises(NoSuchJobError):
            await bound.cancel(id)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (ReplayOptions(rate=0), "rate"),
        (ReplayOptions(rate=math.nan), "rate"),
        (ReplayOptions(rate=1, ramp=-1), "ramp"),
        (ReplayOptions(ramp=5), "needs a rate"),
        (ReplayOptions(start_at=1), "is over"),
        (ReplayOptions(start_at=10**15), "year"),
        (ReplayOptions(breaker=1.1), "share"),
    ],
)
async def test_options_that_cannot_be_are_refused(bench: Bench, options: ReplayOptions, words: str) -> None:
    """In words, with nothing kept."""
    with pytest.raises(RepairError, match=words):
        await bench.jobs.start(Selection(tenant="acme"), options)
    assert [] == await bench.jobs.page(after=None, limit=10)
