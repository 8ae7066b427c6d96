"""What this process remembers of keyed ingestions, so that a repeat is answered and not queued.

It spares the queue; it is no guarantee. That one is the ingestor's, which applies an ingestion id
once whichever process queued it, and how often (design §6).
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from gateway.errors import IdempotencyConflictError


@dataclass(slots=True)
class _Entry:
    """A keyed ingestion: under way while `publishing`, else confirmed and known until `until`."""

    digest: str
    publishing: "asyncio.Task[None] | None"
    until: float


class IdempotencyMemory:
    """Keyed ingestions that are under way or were confirmed, by ingestion id.

    The confirmed ones are bounded, the least recently used forgotten first; those under way are
    bounded by what publishes them.
    """

    def __init__(self, max_entries: int, ttl: float, clock: Callable[[], float] = time.monotonic) -> None:
        """`ttl` in seconds of the monotonic `clock`."""
        self._max_entries = max_entries
        self._ttl = ttl
        self._clock = clock
        self._entries: OrderedDict[str, _Entry] = OrderedDict()

    async def once(self, ingestion_id: str, digest: str, publish: Callable[[], Awaitable[None]]) -> bool:
        """Publish unless it was done already; returns whether this call was the one to do it.

        `digest` is the body's. While an equal ingestion is under way this waits for its end and
        shares it, error included; a failure is forgotten, so that a retry goes through. Raises
        IdempotencyConflictError where the id is known with another digest, and what `publish`
        raises. A caller that is cancelled does not stop the publish that others wait for.
        """
        entry = self._known(ingestion_id)
        if entry is not None and entry.digest != digest:
            raise IdempotencyConflictError("the idempotency key was used with another body")
        if entry is not None and entry.publishing is None:
            return False
        if entry is not None and entry.publishing is not None:
            await asyncio.shield(entry.publishing)
            return False
        publishing = asyncio.ensure_future(self._publish(ingestion_id, publish))
        self._entries[ingestion_id] = _Entry(digest, publishing, float("inf"))
        await asyncio.shield(publishing)
        return True

    def __len__(self) -> int:
        """How many ingestions are remembered."""
        return len(self._entries)

    def _known(self, ingestion_id: str) -> _Entry | None:
        entry = self._entries.get(ingestion_id)
        if entry is None:
            return None
        if self._clock() >= entry.until:
            del self._entries[ingestion_id]
            return None
        self._entries.move_to_end(ingestion_id)
        return entry

    async def _publish(self, ingestion_id: str, publish: Callable[[], Awaitable[None]]) -> None:
        confirmed = False
        try:
            await publish()
            confirmed = True
        finally:
            if confirmed:
                entry = self._entries[ingestion_id]
                entry.publishing, entry.until = None, self._clock() + self._ttl
                self._forget_surplus()
            else:
                del self._entries[ingestion_id]

    def _forget_surplus(self) -> None:
        for ingestion_id in list(self._entries)[: max(0, len(self._entries) - self._max_entries)]:
            if self._entries[ingestion_id].publishing is None:
                del self._entries[ingestion_id]
