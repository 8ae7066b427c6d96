"""One round: a load, faults in it, then peace, and what became of every record."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import grpc

from chaos.drain import drain_rate
from chaos.faults import Fault
from chaos.schedule import Step
from chaos.stored import check_store
from chaos.waiting import comes
from chaos.watch import Watch
from chaos.world import ImpossibleError, World
from cli.load.book import Book
from cli.load.check import Check, Findings
from cli.load.plan import Batch, Mix, Plan
from cli.load.report import Report
from cli.load.sending import Pace, Sender
from domain.clock import system_clock
from gateway.auth import mint_token
from tests.support.portico import ALL_SCOPES, SECRETS

_SHARES = {"customers": 6, "orders": 2, "leads": 1, "reviews": 1, "events": 2}
_UPDATES, _FAULTY = 0.3, 0.01
_PATIENCE = 300.0
"""Seconds for which a request is sent again, and an outcome waited for."""
_AGAIN = 3
"""Requests that are accepted after a fault until the front door is said to serve again."""
_AGAIN_WITHIN = 300.0
_WARM = 5
_CLOCK_SLACK = 180_000
"""Milliseconds, more than the clocks are set wrong."""
_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Load:
    """What is sent in a round."""

    rate: float
    """Records a second."""
    largest: int
    """Records in a request, at most."""


@dataclass
class Outcome:
    """What a round came to."""

    report: Report
    happened: Counter[str] = field(default_factory=Counter)
    """How often each fault really happened."""
    missed: Counter[str] = field(default_factory=Counter)
    """How often it was due and had nothing to happen to."""
    impossible: dict[str, str] = field(default_factory=dict)
    """Faults that cannot be here, and why."""
    drain: float | None = None
    """How many times faster than it was sent a backlog was drained; of rounds with one fault at a time."""
    took: list[tuple[str, float]] = field(default_factory=list)
    """Seconds of each fault, from its beginning until it was healed, in their order."""
    serving: list[float] = field(default_factory=list)
    """Seconds from the end of a fault until the front door served again; of rounds with one at a time."""
    counts: dict[str, int] = field(default_factory=dict)
    """Of watch.COUNTERS."""
    peaks: dict[str, int] = field(default_factory=dict)
    """Largest resident memory of each kind of process, in bytes."""
    exits: list[str] = field(default_factory=list)
    """Processes that ended by themselves, or did not serve again."""

    @property
    def good(self) -> bool:
        """Whether nothing was lost, doubled or made up, and nothing ended by itself."""
        return self.report.good and not self.exits and not self.report.book.given_up

    def as_json(self) -> dict[str, Any]:
        """All of it; times in seconds."""
        report = self.report.as_json()
        return {
            **{name: report[name] for name in ("seconds", "drainedSeconds", "requests", "ledger", "latency")},
            "faults": [(fault, round(seconds, 1)) for fault, seconds in self.took],
            "happened": dict(self.happened),
            "missed": dict(self.missed),
            "impossible": self.impossible,
            "servingAgain": [round(one, 2) for one in self.serving],
            "drain": None if self.drain is None else round(self.drain, 2),
            "seen": self.counts,
            "peakBytes": self.peaks,
            "wrong": [*report["wrong"], *self.exits],
            "good": self.good,
        }


class Round:
    """Plays one round on a world, with a tenant of its own."""

    def __init__(
        self, world: World, run: str, seed: int, lanes: Sequence[Sequence[Step]], faults: Mapping[str, Fault]
    ) -> None:
        """`run` is in every id of the load, and names the tenant; the load follows from `seed`."""
        self._world = world
        self._run = run
        self._seed = seed
        self._lanes = lanes
        self._faults = faults
        self._book = Book()
        self._stopping = asyncio.Event()
        self._token = _token(run)

    async def play(self, load: Load, *, drain: bool = False) -> Outcome:
        """The round; with `drain` a backlog is made after the faults, and timed until it is gone."""
        world, book, watch = self._world, self._book, Watch(self._world)
        outcome = Outcome(Report(self._run, self._seed, 0.0, book, Findings()))
        begun_at = system_clock() - _CLOCK_SLACK
        async with watch.watching():
            async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
                sender = Sender(session, world.url, self._token, book, lambda _: None)
                sending = asyncio.create_task(sender.run(self._batches(load), _pace(load)))
                try:
                    await self._accepts(_WARM)
                    async with asyncio.TaskGroup() as lanes:
                        for lane in self._lanes:
                            lanes.create_task(self._play_lane(lane, outcome))
                    await world.heal()
                    if drain:
                        outcome.drain = await drain_rate(world)
                except BaseException:
                    sending.cancel()
                    await asyncio.wait([sending])
                    raise
                finally:
                    self._stopping.set()
                seconds = await sending
            outcome.report = await self._checked(seconds, begun_at)
        outcome.counts, outcome.peaks = watch.counts, dict(watch.peaks)
        outcome.exits += world.exits
        world.exits = []
        return outcome

    def _batches(self, load: Load) -> Iterator[Batch]:
        mix = Mix(_SHARES, 1, load.largest, _UPDATES, _FAULTY)
        for batch in Plan(self._run, self._seed, mix):
            if self._stopping.is_set():
                return
            yield batch

    async def _play_lane(self, lane: Sequence[Step], outcome: Outcome) -> None:
        for step in lane:
            await asyncio.sleep(step.pause)
            begun = time.monotonic()
            try:
                happened = await self._faults[step.fault](self._world, step.hold)
            except ProcessLookupError:  # it ended by itself; the end of the round tells
                happened = False
            except ImpossibleError as error:
                outcome.impossible[step.fault] = str(error)
                continue
            outcome.took.append((step.fault, time.monotonic() - begun))
            (outcome.happened if happened else outcome.missed)[step.fault] += 1
            if len(self._lanes) == 1:
                ended = time.monotonic()
                if await self._accepts(_AGAIN):
                    outcome.serving.append(time.monotonic() - ended)
                else:
                    outcome.exits.append(f"not serving {_AGAIN_WITHIN:.0f} s after: {step.fault}")

    async def _accepts(self, requests: int) -> bool:
        """Whether so many more requests are accepted in time."""
        goal = len(self._book.accepted) + requests
        return await comes(lambda: len(self._book.accepted) >= goal, _AGAIN_WITHIN)

    async def _checked(self, seconds: float, begun_at: int) -> Report:
        world = self._world
        async with grpc.aio.insecure_channel(world.gateway.grpc) as channel:
            check = Check(channel, self._token, self._run, self._book)
            findings = await check.run(begun_at, _PATIENCE, lambda _: None)
        await check_store(world.store_url(), world.database, self._run, self._book, findings)
        return Report(self._run, self._seed, seconds, self._book, findings)


def _pace(load: Load) -> Pace:
    return Pace(rate=load.rate, clients=0, seconds=None, records=None, patience=_PATIENCE)


def _token(tenant: str) -> str:
    return mint_token(
        SECRETS["PORTICO_JWT_KEY"].encode(),
        issuer="portico",
        audience="portico",
        tenant=tenant,
        scopes=[ALL_SCOPES],
        subject="chaos",
        # A clock that is behind must not find it made in the future.
        ttl=2 * _HOUR,
        now=system_clock() - _HOUR * 1000,
    )
