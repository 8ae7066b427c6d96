"""Connections before their first request: cheap to hold, so that half-open ones cost next to nothing.

A connection becomes a real one, with its parser, task and timers, when the headers of its first request
are complete. Until then all it has is its bytes and its place in the order of arrival. And what comes on
either is taken in small pieces unless it is waited for, so that bodies which nobody reads yet, and which
nobody is charged with, stay with the system. Bodies in chunks are, too, as nobody knows where they end.
"""

import asyncio
from collections.abc import Callable
from itertools import islice
from typing import cast

_END = b"\r\n\r\n"
_LONGEST = 16 * 1024
"""Bytes without the end of the headers, beyond which it is the parser's business what is wrong."""
_CLOSED_AT_ONCE = 64
"""More would hold up everybody; the next are closed a moment later."""
_MOMENT = 0.001
_UNASKED, _ASKED = (memoryview(bytearray(size)) for size in (8 * 1024, 64 * 1024))
"""Where what comes is put, of all connections: it is taken out before anything else can come. The first is
for what nobody waits for."""
_AMPLE = 4 * 1024 * 1024
"""Bytes that are taken in large pieces in one turn of the loop, of all connections: who waits for them is
charged in the next. Beyond it all is taken as what nobody waits for."""


class Doorstep(asyncio.BufferedProtocol):
    """One connection whose first request has not come yet; afterwards all that comes goes on to `entered`."""

    __slots__ = ("_buffer", "_doorsteps", "_received", "_wanted", "due", "entered", "transport")

    def __init__(self, doorsteps: "Doorsteps") -> None:
        """On one of `doorsteps`."""
        self._doorsteps = doorsteps
        self._received = b""
        self._buffer = _UNASKED
        self._wanted: Callable[[], int] = int
        self.due = 0.0
        """When its headers must be complete, by the loop's clock."""
        self.transport: asyncio.Transport | None = None
        self.entered: asyncio.Protocol | None = None

    def hand_over(self, entered: asyncio.Protocol, wanted: Callable[[], int]) -> None:
        """Its first request has come; `wanted`: how many of the next bytes somebody waits for."""
        self.entered, self._wanted = entered, wanted

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a place."""
        self.transport = cast("asyncio.Transport", transport)
        self._doorsteps.came(self)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where the next bytes are put."""
        wanted = self._wanted() if self._doorsteps.taken < _AMPLE else 0
        # What comes behind a body may be the next request's, for which nobody waits.
        self._buffer = _ASKED[: wanted + len(_UNASKED)] if wanted else _UNASKED
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Hand the bytes on, or keep them until they can be understood."""
        data = bytes(self._buffer[:nbytes])
        if self._buffer is not _UNASKED:
            self._doorsteps.took(nbytes)
        if self.entered is None:
            self._keep(data)
        else:
            self.entered.data_received(data)

    def eof_received(self) -> None:
        """No more will come."""
        if self.entered is not None:
            self.entered.eof_received()

    def connection_lost(self, error: Exception | None) -> None:
        """Leave."""
        self._received = b""
        self._doorsteps.left(self)
        if self.entered is not None:
            self.entered.connection_lost(error)

    def pause_writing(self) -> None:
        """The client takes its answer slower than it comes."""
        if self.entered is not None:
            self.entered.pause_writing()

    def resume_writing(self) -> None:
        """The client has caught up."""
        if self.entered is not None:
            self.entered.resume_writing()

    def _keep(self, data: bytes) -> None:
        known = len(self._received)
        if known == 0:
            data = data.lstrip(b"\r\n")  # allowed before a request (RFC 9112 §2.2)
        self._received += data
        if self._received.find(_END, max(0, known - 3)) >= 0 or len(self._received) > _LONGEST:
            received, self._received = self._received, b""
            self._doorsteps.enter(self, received)


class Doorsteps:
    """The connections that wait, in the order in which they came."""

    def __init__(
        self,
        patience: float,
        make_room: Callable[[], bool],
        enter: Callable[[Doorstep, bytes], None],
    ) -> None:
        """`patience`: seconds until a connection's headers must be complete; `make_room` says whether there
        is room for one more; `enter` goes on with a connection and the bytes that it sent."""
        self._patience = patience
        self._make_room = make_room
        self._enter = enter
        self._waiting: dict[Doorstep, None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self.taken = 0
        """Bytes that were taken in large pieces in this turn of the loop."""

    def __len__(self) -> int:
        return len(self._waiting)

    def came(self, one: Doorstep) -> None:
        """One more connection, for which there may be no room."""
        if not self._make_room():
            _abort(one)
            return
        loop = asyncio.get_running_loop()
        one.due = loop.time() + self._patience
        self._waiting[one] = None
        if self._timer is None:
            self._timer = loop.call_at(one.due, self._close_overdue)

    def enter(self, one: Doorstep, received: bytes) -> None:
        """A connection's first request has come."""
        if self._waiting.pop(one, one) is None:
            self._enter(one, received)

    def left(self, one: Doorstep) -> None:
        """A connection has ended."""
        self._waiting.pop(one, None)

    def took(self, size: int) -> None:
        """A connection took a large piece."""
        if not self.taken:
            asyncio.get_running_loop().call_soon(self._turn)
        self.taken += size

    def close_oldest(self) -> bool:
        """Close the one that has waited longest; False where none waits."""
        oldest = next(iter(self._waiting), None)
        if oldest is None:
            return False
        self._close(oldest)
        return True

    def close(self) -> None:
        """Close them all."""
        while self.close_oldest():
            pass
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _turn(self) -> None:
        self.taken = 0

    def _close_overdue(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for one in [one for one in islice(self._waiting, _CLOSED_AT_ONCE) if one.due <= now]:
            self._close(one)
        self._timer = None
        if (oldest := next(iter(self._waiting), None)) is not None:
            self._timer = loop.call_at(max(oldest.due, now + _MOMENT), self._close_overdue)

    def _close(self, one: Doorstep) -> None:
        del self._waiting[one]
        _abort(one)


def _abort(one: Doorstep) -> None:
    if one.transport is not None:
        one.transport.abort()
