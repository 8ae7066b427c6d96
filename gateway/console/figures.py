"""The figures of the overview: what was accepted and what became of it, and what waits for somebody."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass

from domain.clock import Clock
from domain.dead_letters.desk import Desk
from domain.dead_letters.entities import Group, Selection
from domain.errors import TransientError
from domain.ledger.read import Ledger, sum_by_operation
from domain.ledger.rows import MINUTE, Balance, Bucket
from domain.replay.entities import ReplayJob

Depth = Callable[[], Awaitable[int]]
"""How many messages wait in the queue. Raises QueueUnavailableError."""

STEPS: Mapping[int, int] = {1: 1, 6: 5, 24: 20}
"""The hours that can be looked back on, and the minutes of one column of their charts."""
_HOUR = 60 * MINUTE
_RECENT = 5 * MINUTE
"""What "now" is: long enough for a figure, short enough to see a change."""
_CAUSES = 5
_JOBS = 50
_DEPTH_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Figures:
    """What the overview shows. All times in milliseconds since the Unix epoch."""

    at: int
    """When they were read."""
    hours: int
    step: int
    """Milliseconds of one column."""
    columns: tuple[tuple[int, Balance], ...]
    """The beginning of each column, oldest first, and what was accepted in it."""
    lines: tuple[tuple[str, str, Balance], ...]
    """The ledger by tenant and operation, the unexplained first."""
    recent: Balance
    """Of the last minutes."""
    oldest: int | None
    """The minute of acceptance of the oldest record on its way; None where none is."""
    depth: int | None
    """Messages in the queue; None where it does not say."""
    causes: tuple[Group, ...]
    """Of open dead letters, the largest first."""
    open_letters: int
    jobs: tuple[ReplayJob, ...]
    """Replay jobs that are not over, newest first."""

    @property
    def all(self) -> Balance:
        """The sum of the ledger's lines."""
        return _sum(one for _, _, one in self.lines)

    @property
    def a_second(self) -> float:
        """Records accepted a second in the last minutes."""
        return self.recent.accepted * 1000 / _RECENT

    @property
    def top_causes(self) -> tuple[Group, ...]:
        """The few largest."""
        return self.causes[:_CAUSES]


class FigureReader:
    """Reads the figures of one tenant or of all."""

    def __init__(self, ledger: Ledger, depth: Depth, clock: Clock) -> None:
        """`depth` is asked for operators of all tenants alone: the queue is everybody's."""
        self._ledger = ledger
        self._depth = depth
        self._clock = clock

    async def read(self, desk: Desk, tenant: str | None, hours: int) -> Figures:
        """The figures of the last `hours`, one of `STEPS`, at the desk of an operator of `tenant`.

        Raises StoreUnavailableError.
        """
        now = self._clock()
        step = STEPS[hours] * MINUTE
        begin = now - now % step - hours * _HOUR + step
        buckets, groups, jobs, depth = await asyncio.gather(
            self._ledger.by_bucket(begin, tenant=tenant),
            desk.letters.groups(Selection()),
            desk.jobs.page(after=None, limit=_JOBS),
            self._waiting(tenant),
        )
        return Figures(
            at=now,
            hours=hours,
            step=step,
            columns=_columns(buckets, begin, now, step),
            lines=_lines(buckets),
            recent=_sum(one for bucket, one in buckets.items() if bucket.minute > now - _RECENT - MINUTE),
            oldest=min((bucket.minute for bucket, one in buckets.items() if one.in_flight), default=None),
            depth=depth,
            causes=tuple(groups),
            open_letters=sum(group.count for group in groups),
            jobs=tuple(job for job in jobs if not job.state.is_over),
        )

    async def _waiting(self, tenant: str | None) -> int | None:
        if tenant is not None:
            return None
        try:
            async with asyncio.timeout(_DEPTH_SECONDS):
                return await self._depth()
        except (TransientError, TimeoutError):
            return None


def _columns(
    buckets: Mapping[Bucket, Balance], begin: int, now: int, step: int
) -> tuple[tuple[int, Balance], ...]:
    columns = {at: Balance() for at in range(begin, now + 1, step)}
    for bucket, one in buckets.items():
        at = bucket.minute - (bucket.minute - begin) % step
        if at in columns:
            columns[at] += one
    return tuple(columns.items())


def _lines(buckets: Mapping[Bucket, Balance]) -> tuple[tuple[str, str, Balance], ...]:
    lines = [(tenant, operation, one) for (tenant, operation), one in sum_by_operation(buckets).items()]
    return tuple(sorted(lines, key=lambda line: (-line[2].unexplained, line[0], line[1])))


def _sum(balances: Iterable[Balance]) -> Balance:
    return sum(balances, Balance())
