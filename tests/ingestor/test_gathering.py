"""How soon after one batch the ingestor takes the next."""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

from ingestor.run import IngestorLimits
from messaging.envelope import pack
from messaging.port import Consumer, Delivery
from messaging.sqlite import SqliteQueue
from storage.store import Store
from tests.ingestor.test_poison import ingestion, publish, receipts_of
from tests.support.ingesting import IDS, ROOM, ingesting

_GATHERED = 0.05


class Watched(SqliteQueue):
    """A queue that notes what was taken from it: how many, when that began, and when it was there."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, max_messages=ROOM, max_bytes=ROOM)
        self.taken: list[tuple[int, float, float]] = []

    @asynccontextmanager
    async def consumer(self, prefetch: int) -> AsyncIterator[Consumer]:  # type: ignore[override]
        """As always."""
        async with super().consumer(prefetch) as consumer:
            taking = consumer.take

            async def take(max_messages: int, max_bytes: int, timeout: float) -> Sequence[Delivery]:
                begun = time.monotonic()
                taken = await taking(max_messages, max_bytes, timeout)
                self.taken.append((len(taken), begun, time.monotonic()))
                return taken

            consumer.take = take  # type: ignore[method-assign,assignment]
            yield consumer

    def pauses_after(self, count: int) -> list[float]:
        """Seconds from each batch of `count` messages to when more were asked for."""
        return [later[1] - one[2] for one, later in pairwise(self.taken) if one[0] == count]


async def test_a_few_messages_are_followed_by_a_pause_in_which_more_gather(
    tmp_path: Path, store: Store
) -> None:
    """Several messages, far fewer than a batch holds, are taken at once; the next one waits a moment."""
    queue = Watched(tmp_path / "queue.sqlite")
    await publish(queue, *(pack([ingestion(number)]) for number in range(3)))

    async with ingesting(queue, store, limits=IngestorLimits()):
        await receipts_of(store, [IDS.derive("acme", str(number)) for number in range(3)])
        await publish(queue, pack([ingestion(3)]))
        await receipts_of(store, [IDS.derive("acme", "3")])

    assert [True] == [pause >= _GATHERED for pause in queue.pauses_after(3)]


async def test_a_message_alone_is_followed_by_no_pause(tmp_path: Path, store: Store) -> None:
    """Whoever sends one request after the other does not wait for others to come along."""
    queue = Watched(tmp_path / "queue.sqlite")

    async with ingesting(queue, store, limits=IngestorLimits()):
        for number in range(10):
            await publish(queue, pack([ingestion(number)]))
            await receipts_of(store, [IDS.derive("acme", str(number))])

    assert min(queue.pauses_after(1)) < _GATHERED
