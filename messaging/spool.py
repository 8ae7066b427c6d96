"""The spool: what a publisher keeps on its own disk while the broker is away (docs/spool.md).

While the broker is there and the spool is empty, messages go straight to the broker. Otherwise they are
put into the spool, and what is in there is forwarded, oldest first. A message is removed after the
broker's confirm, so one whose confirm is lost, with its connection or with this process, is published
twice: the ingestor applies it once.

Forwarding must be faster than what comes in meanwhile, or the spool would never be empty again. So while
it gets on, a message is put into the spool for every two of its size that left it.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from domain.errors import QueueFullError, QueueUnavailableError
from messaging.port import Message, Publisher
from messaging.spool_file import SpoolFile
from messaging.spool_metrics import SpoolMetrics
from messaging.spool_store import Spooled, Wish

log = logging.getLogger(__name__)

_STRAIGHT_SHARE = 0.5
"""Of a publish's time, what the broker gets before the message goes to the spool instead."""
_PACE_SHARE = 0.25
_PACE_SECONDS = 1.0
"""What a message waits at most for others to leave the spool, of its time and at all: a broker may be
there and take nothing."""
_WINDOW_MESSAGES = 64
_WINDOW_BYTES = 4 * 1024 * 1024
"""What is forwarded at a time; as much is read ahead."""
_LOOK = 0.1
"""Seconds between looks whether the broker is back."""
_PAUSE = 0.5
"""Seconds until what failed is tried again."""
_DISK_PAUSE = 2.0
"""Seconds for which nothing more is put on, or removed from, a disk that refused to."""


class Spool:
    """A publisher that goes on while its broker is away. It must be forwarding: see `forwarding`."""

    def __init__(self, broker: Publisher, file: SpoolFile, metrics: SpoolMetrics, *, timeout: float) -> None:
        """`timeout`: seconds that forwarding waits for a confirm. A `file` that takes no bytes is forwarded
        and nothing is put into it."""
        self._broker = broker
        self._file = file
        self._metrics = metrics
        self._timeout = timeout
        self._forwarded = 0
        """The number of the last message that the broker confirmed with all before it."""
        self._credit = 0
        """Bytes that may come in for what has left; once positive, for a message of any size."""
        self._left = asyncio.Event()
        self._full = False
        self._puts_rest_until = 0.0
        self._removals_rest_until = 0.0
        self._said: set[str] = set()

    async def publish(self, message: Message, timeout: float) -> None:
        """See `Publisher.publish`: the promise is the broker's, or that of this machine's disk."""
        if not self._file.max_bytes:
            await self._broker.publish(message, timeout)
            return
        end = _now() + timeout
        await self._pace(min(timeout * _PACE_SHARE, _PACE_SECONDS))
        if self._goes_straight():
            try:
                await self._broker.publish(message, timeout * _STRAIGHT_SHARE)
            except QueueFullError:
                raise
            except QueueUnavailableError as error:
                self._say(f"the broker did not confirm a message, which goes to the spool: {error}")
            else:
                return
        if self._broker.is_ready():
            self._charge(-len(message.body))
        await self._put(message, end - _now())

    def is_ready(self) -> bool:
        """Whether the broker is there and all is forwarded, or else the spool has room."""
        if not self._file.max_bytes:
            return self._broker.is_ready()
        return self._goes_straight() or not self._is_refusing()

    def state(self) -> str:
        """`empty`, `spooling` (the broker is away), `forwarding`, or `full` (by its bound, or the disk)."""
        if self._goes_straight():
            return "empty"
        if self._is_refusing():
            return "full"
        return "forwarding" if self._broker.is_ready() else "spooling"

    @asynccontextmanager
    async def forwarding(self) -> AsyncIterator[None]:
        """What is in the spool is forwarded; at the end the rest stays there for the next time."""
        task = asyncio.create_task(self._forward())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    def _goes_straight(self) -> bool:
        return self._is_empty() and self._broker.is_ready()

    def _is_empty(self) -> bool:
        """Whether all is forwarded; what a full disk did not let go of may still be in the file."""
        stock = self._file.stock
        return not stock.messages or stock.newest <= self._forwarded

    def _is_refusing(self) -> bool:
        return (self._full and self._file.stock.messages > 0) or _now() < self._puts_rest_until

    async def _pace(self, patience: float) -> None:
        """Wait until something may come in, while forwarding gets on."""
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while self._credit <= 0 and not self._is_empty() and self._broker.is_ready():
                    self._left.clear()
                    await self._left.wait()

    def _charge(self, size: int) -> None:
        self._credit = max(-_WINDOW_BYTES, min(self._credit + size, _WINDOW_BYTES))
        self._left.set()

    async def _put(self, message: Message, timeout: float) -> None:
        if _now() < self._puts_rest_until:
            self._metrics.refused.labels("disk").inc()
            raise QueueUnavailableError("the spool's disk took nothing a moment ago")
        try:
            await self._file.put(message, timeout)
        except QueueFullError:
            self._full = True
            self._metrics.refused.labels("full").inc()
            raise
        except QueueUnavailableError:
            self._puts_rest_until = _now() + _DISK_PAUSE
            self._metrics.refused.labels("disk").inc()
            raise
        self._full = False
        self._metrics.spooled.inc()
        self._say("messages go to the spool")

    async def _forward(self) -> None:
        while True:
            try:
                await self._forward_more()
            except Exception as error:
                # Whatever it is, a spool that stopped forwarding would keep what it holds for ever.
                self._say(f"the spool is not forwarded: {error!r}")
                await asyncio.sleep(_PAUSE)

    async def _forward_more(self) -> None:
        """All that is there, or wait for what there is to do."""
        self._file.changed.clear()
        if not self._file.is_open():
            await self._file.open()
        elif not self._file.stock.messages:
            await self._file.changed.wait()
        elif self._is_empty():
            await self._file.renew(self._forwarded)
        elif not self._broker.is_ready():
            await asyncio.sleep(_LOOK)
        else:
            await self._forward_all()

    async def _forward_all(self) -> None:
        """Window after window: the disk reads the next and removes the last while the broker has one."""
        window = await self._read(self._forwarded)
        while window:
            async with asyncio.TaskGroup() as group:
                ahead = group.create_task(self._read(window[-1].seq))
                group.create_task(self._remove())
                group.create_task(self._send(window))
            self._forwarded = window[-1].seq
            self._left.set()
            window = ahead.result()
        await self._remove()
        if self._is_empty():
            self._say_empty()
            if self._file.stock.messages or self._file.is_large():
                await self._file.renew(self._forwarded)

    async def _read(self, after: int) -> Sequence[Spooled]:
        return await self._file.read(Wish(after, _WINDOW_MESSAGES, _WINDOW_BYTES))

    async def _remove(self) -> None:
        """Let go of what was forwarded, now or, where the disk is full, later."""
        if _now() < self._removals_rest_until:
            return
        try:
            await self._file.remove(self._forwarded, self._timeout)
        except QueueUnavailableError as error:
            self._removals_rest_until = _now() + _DISK_PAUSE
            self._say(f"what was forwarded is not removed from the spool: {error}")
        else:
            self._full = False

    async def _send(self, window: Sequence[Spooled]) -> None:
        """Return when the broker has confirmed them all."""
        left = window
        while left:
            results = await asyncio.gather(*(self._try(one.message) for one in left))
            left = [one for one, sent in zip(left, results, strict=True) if not sent]
            if left:
                await self._send_alone(left[0])
                left = left[1:]

    async def _send_alone(self, one: Spooled) -> None:
        """The oldest by itself, again and again: a broker that takes nothing is not given everything."""
        while True:
            await asyncio.sleep(_PAUSE)
            if self._broker.is_ready() and await self._try(one.message):
                return

    async def _try(self, message: Message) -> bool:
        try:
            await self._broker.publish(message, self._timeout)
        except QueueUnavailableError as error:
            self._say(f"the broker does not take what is in the spool: {error}")
            return False
        self._metrics.forwarded.inc()
        self._charge(len(message.body) // 2)
        return True

    def _say(self, complaint: str) -> None:
        """Once until the spool is empty again, however often it is the same."""
        if complaint not in self._said:
            self._said.add(complaint)
            log.warning("%s", complaint)

    def _say_empty(self) -> None:
        if self._said:
            log.warning("the spool is empty again")
            self._said.clear()


def _now() -> float:
    return asyncio.get_running_loop().time()
