"""Ingestors that their breaker stopped, and the operator who lets them go on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from domain.dead_letters.trail import Trail

_SEEN_WITHIN = 60_000
"""Milliseconds; of an ingestor that says nothing for so long, the process is gone."""


@dataclass(frozen=True, slots=True)
class Stop:
    """One ingestor that takes nothing from the queue. Times in milliseconds since the Unix epoch."""

    id: str
    """Of the ingestor, for the life of its process."""
    since: int
    seen_at: int
    """When it last said so."""
    tried: int
    """Records that it had looked at."""
    dead: int
    """Those of them that became dead letters."""


class StopStore(Protocol):
    """Where stopped ingestors say so. Every method may raise StoreUnavailableError."""

    async def put(self, stop: Stop) -> None:
        """Keep `stop`; one that is there stays as it is."""

    async def stands(self, id: str, now: int) -> bool:
        """Whether nobody removed the stop `id`, which was seen `now`."""

    async def seen_since(self, at: int) -> list[Stop]:
        """The stops that were seen at `at` or later, oldest first."""

    async def remove(self, ids: Sequence[str]) -> None:
        """Remove stops; their ingestors go on."""


class Stops:
    """What an operator does about stopped ingestors."""

    def __init__(self, store: StopStore, trail: Trail) -> None:
        """`trail` is the operator's."""
        self._store = store
        self._trail = trail

    async def all(self) -> list[Stop]:
        """The ingestors that are stopped now, oldest first."""
        return await self._store.seen_since(self._trail.now() - _SEEN_WITHIN)

    async def resume(self) -> list[Stop]:
        """Let all of them go on, within a second or so; those that were stopped."""
        stops = await self.all()
        if stops:
            ids = [stop.id for stop in stops]
            await self._trail.note_other("resume ingestors", "", {"ingestors": ", ".join(ids)})
            await self._store.remove(ids)
        return stops
