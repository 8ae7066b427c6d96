"""The breaker of the dead-lettering: where too many records die, nothing more is taken from the queue.

What is on the queue stays there, safe, instead of becoming dead letters one and all: usually it is not
the records that changed then, but their sender's software, or ours.
"""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import Enum, auto

import structlog

from domain.breaker import BreakerPolicy, FailureWindow, too_many
from domain.clock import Clock
from domain.errors import TransientError
from domain.stops import Stop, StopStore
from ingestor.metrics import IngestorMetrics

_log = structlog.get_logger(__name__)


class _State(Enum):
    """What the breaker lets through."""

    CLOSED = auto()
    """Everything."""
    OPEN = auto()
    """Nothing."""
    TRYING = auto()
    """One message, by whose records it is decided."""


class DeadLetterBreaker:
    """Decides whether one ingestor may take messages. An operator lets it go on by removing its stop."""

    def __init__(
        self, policy: BreakerPolicy | None, stops: StopStore, metrics: IngestorMetrics, clock: Clock
    ) -> None:
        """Without a `policy` everything may always be taken."""
        self._policy = policy
        self._stops = stops
        self._metrics = metrics
        self._clock = clock
        self._id = f"ingestor-{secrets.token_hex(6)}"
        self._window = FailureWindow(policy.window if policy else 1)
        self._state = _State.CLOSED
        self._stop: Stop | None = None
        """Since it opened; until it is closed and nobody is to be told otherwise."""
        self._is_kept = False
        self._waits_until = 0

    @property
    def is_trying(self) -> bool:
        """Whether one message alone may be taken, and nothing more until it is settled."""
        return self._state is _State.TRYING

    def words(self) -> str:
        """How the ingestor stands, for `/readyz`."""
        if self._state is _State.CLOSED or self._stop is None:
            return "takes messages"
        stop = self._stop
        return f"takes nothing from the queue: {stop.dead} of {stop.tried} records became dead letters"

    def note(self, records: int, dead: int) -> None:
        """`records` came to their end, `dead` of them as dead letters."""
        policy = self._policy
        if policy is None or not records:
            return
        if self._state is _State.TRYING:
            if too_many(dead, records, share=policy.share, least=1):
                self._wait(policy)
                _log.warning("breaker_stays_open", records=records, dead=dead)
            else:
                self._close("a message went well")
        elif self._state is _State.CLOSED:
            self._window.add(records, dead)
            seen = self._window
            if too_many(seen.failed, seen.tried, share=policy.share, least=policy.least):
                self._open(policy)

    async def allows(self) -> bool:
        """Whether messages may be taken now; looks whether somebody lets it go on."""
        if self._state is _State.CLOSED and self._is_kept:
            await self._forget()
        if self._state is _State.OPEN:
            await self._look()
        return self._state is not _State.OPEN

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """While the ingestor runs; an ingestor that has ended is not stopped."""
        try:
            yield
        finally:
            if self._is_kept:
                await self._forget()

    def _open(self, policy: BreakerPolicy) -> None:
        now, seen = self._clock(), self._window
        self._stop = Stop(self._id, now, now, seen.tried, seen.failed)
        self._metrics.breaker_trips.inc()
        self._metrics.breaker_open.set(1)
        self._wait(policy)
        _log.error("breaker_opened", ingestor=self._id, records=seen.tried, dead=seen.failed)

    def _wait(self, policy: BreakerPolicy) -> None:
        self._state = _State.OPEN
        self._waits_until = self._clock() + policy.pause_ms

    def _close(self, why: str) -> None:
        self._state = _State.CLOSED
        self._stop = None
        self._window.clear()
        self._metrics.breaker_open.set(0)
        _log.warning("breaker_closed", ingestor=self._id, why=why)

    async def _look(self) -> None:
        # While the store is away nobody can say anything; the pause goes on.
        with suppress(TransientError):
            if await self._was_let_go():
                self._is_kept = False
                self._close("an operator resumed it")
                return
        if self._clock() >= self._waits_until:
            self._state = _State.TRYING
            _log.info("breaker_tries_one_message", ingestor=self._id)

    async def _was_let_go(self) -> bool:
        if not self._is_kept and self._stop is not None:
            await self._stops.put(self._stop)
            self._is_kept = True
            return False
        return not await self._stops.stands(self._id, self._clock())

    async def _forget(self) -> None:
        with suppress(TransientError):
            await self._stops.remove([self._id])
            self._is_kept = False
