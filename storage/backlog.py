"""How much waits for operators: exact counts, each from an index."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from domain.dead_letters.entities import State
from domain.replay.entities import JobState
from storage.dead_letters import DEAD_LETTERS
from storage.driver import Collection, Database
from storage.replay_jobs import REPLAY_JOBS

_MANY = 1_000_000_000
_LETTERS = (State.OPEN, State.REPLAYING)
_JOBS = tuple(state for state in JobState if not state.is_over)


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is not settled, of all tenants."""

    letters: Mapping[State, int]
    """Dead letters that nobody is done with."""
    jobs: Mapping[JobState, int]
    """Replay jobs that are not over."""


class BacklogRepository:
    """Counts what waits."""

    def __init__(self, database: Database) -> None:
        """Of the dead letters and replay jobs in `database`."""
        self._letters = database.collection(DEAD_LETTERS)
        self._jobs = database.collection(REPLAY_JOBS)

    async def read(self) -> Backlog:
        """The counts of now. Raises StoreUnavailableError."""
        letters = await asyncio.gather(*(_count(self._letters, state) for state in _LETTERS))
        jobs = await asyncio.gather(*(_count(self._jobs, state) for state in _JOBS))
        return Backlog(dict(zip(_LETTERS, letters, strict=True)), dict(zip(_JOBS, jobs, strict=True)))


async def _count(collection: Collection, state: State | JobState) -> int:
    return await collection.count({"state": state.value}, _MANY)
