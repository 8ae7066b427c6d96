"""What waits for operators, as metrics. Every ingestor shows the same: take the greatest, not the sum."""

import asyncio
import time

import structlog
from prometheus_client import CollectorRegistry, Gauge

from domain.errors import TransientError
from storage.backlog import Backlog, BacklogRepository

_log = structlog.get_logger(__name__)

_PAUSE = 5.0
_TIMES = 20.0
"""How many times as long as counting took it pauses: so that it costs the store little, whatever it holds."""


class BacklogMetrics:
    """Dead letters and replay jobs that are not settled, of the whole installation."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Registers them in `registry`."""
        self._letters = Gauge(
            "portico_dead_letters",
            "Dead letters of the whole installation that nobody is done with, by state.",
            ["state"],
            registry=registry,
        )
        self._jobs = Gauge(
            "portico_replay_jobs",
            "Replay jobs of the whole installation that are not over, by state.",
            ["state"],
            registry=registry,
        )

    def show(self, backlog: Backlog) -> None:
        """Show `backlog`."""
        for letter_state, count in backlog.letters.items():
            self._letters.labels(letter_state.value).set(count)
        for job_state, count in backlog.jobs.items():
            self._jobs.labels(job_state.value).set(count)

    def clear(self) -> None:
        """Show nothing: it is not known."""
        self._letters.clear()
        self._jobs.clear()


async def watch_backlog(store: BacklogRepository, metrics: BacklogMetrics) -> None:
    """Count again and again, until cancelled; while the store is away nothing is shown."""
    while True:
        began = time.monotonic()
        try:
            metrics.show(await store.read())
        except TransientError:
            metrics.clear()
        except Exception:  # a bug of ours in here must not go unseen
            metrics.clear()
            _log.exception("backlog_failed")
        await asyncio.sleep(max(_PAUSE, _TIMES * (time.monotonic() - began)))
