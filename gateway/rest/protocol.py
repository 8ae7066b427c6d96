"""One connection of the HTTP server.

What aiohttp leaves open is closed here: a header that never ends, an answer that nobody reads,
more connections than the process should hold, and malformed HTTP answered with what was sent.
"""

import asyncio
import heapq
from dataclasses import dataclass
from typing import cast

from aiohttp import StreamReader, web
from aiohttp.http_parser import RawRequestMessage
from aiohttp.web_protocol import RequestHandler

from gateway.failures import log_failure
from gateway.rest.body import STALLED
from gateway.rest.doorstep import Doorstep, Doorsteps
from gateway.rest.errors import ApiError, Render
from gateway.rest.request_id import HEADER, new_request_id

_UNREAD = 4 * 1024
"""Half the bytes of a body that are read ahead. They are charged to nobody yet, so they are few."""
_WAITING = 2
"""Requests that wait for the one before them, from which on no more is read: aiohttp's 32, each with as much
of its body as is read ahead, would be a quarter of a MiB."""


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """Bounds of connections; times in seconds."""

    headers: float = 5.0
    """From a connection, or a later request's first byte, to the end of its headers."""
    idle: float = 75.0
    """Between two requests on one connection."""
    answer: float = 30.0
    """For a client that does not keep up with its answer, to do so."""
    lingering: float = 2.0
    """For the rest of a body that was answered before its end. Bodies that are being read have
    the deadline of `gateway.rest.body`."""
    shutdown: float = 20.0
    connections: int = 20_000
    """Held at a time; beyond, those make room that have sent no request yet, then those that are idle."""
    line: int = 8190
    """Bytes of the request line, and of each header."""
    header_count: int = 100


class HardenedServer(web.Server):
    """Makes a `HardenedConnection` of every connection whose first request has come."""

    def __init__(self, plain: web.Server, limits: ServerLimits, render: Render) -> None:
        """Take over the application's handler from `plain`, as `web.AppRunner` made it."""
        super().__init__(
            plain.request_handler,
            request_factory=plain.request_factory,
            handler_cancellation=False,
        )
        self._limits = limits
        self._render = render
        self._doorsteps = Doorsteps(limits.headers, self._make_room, self._enter)

    def __call__(self) -> asyncio.BaseProtocol:  # type: ignore[override]  # whatever speaks for a connection
        """The protocol of a new connection."""
        return Doorstep(self._doorsteps)

    def pre_shutdown(self) -> None:
        """Begin to end: who has asked for nothing yet is not waited for."""
        self._doorsteps.close()
        super().pre_shutdown()

    def _enter(self, one: Doorstep, received: bytes) -> None:
        if one.transport is not None:
            connection = HardenedConnection(self, self._limits, self._render, headers_due=one.due)
            one.hand_over(connection, connection.wanted)
            connection.connection_made(one.transport)
            connection.data_received(received)

    def _make_room(self) -> bool:
        """Whether there is room for one more connection, at the cost of others if need be."""
        if len(self._connections) + len(self._doorsteps) < self._limits.connections:
            return True
        return self._doorsteps.close_oldest() or self._close_idle()

    def _close_idle(self) -> bool:
        """Close the longest idle, a share of all at a time: to find them all are looked at."""
        idle = [one for one in self._connections if isinstance(one, HardenedConnection) and one.is_idle]
        share = max(1, self._limits.connections // 100)
        for one in heapq.nsmallest(share, idle, key=lambda one: one.idle_until):
            one.force_close()
        return bool(idle)


class HardenedConnection(RequestHandler):
    """aiohttp's protocol of one connection, with deadlines."""

    def __init__(
        self, server: HardenedServer, limits: ServerLimits, render: Render, *, headers_due: float
    ) -> None:
        """`render` answers malformed HTTP; `headers_due`: when the first headers must be complete, by the
        loop's clock."""
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=limits.idle,
            access_log=None,  # type: ignore[arg-type]  # aiohttp documents None as "off"
            lingering_time=limits.lingering,
            max_line_size=limits.line,
            max_field_size=limits.line,
            max_headers=limits.header_count,
            auto_decompress=False,
            read_bufsize=_UNREAD,
        )
        self._max_msg_queue_size = _WAITING
        self._limits = limits
        self._render = render
        self._headers_due = headers_due
        self._head: RawRequestMessage | None = None
        self._body: StreamReader | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None

    @property
    def is_idle(self) -> bool:
        """Whether it waits for its next request."""
        return self._waiter is not None and not self._waiter.done()

    @property
    def idle_until(self) -> float:
        """When an idle connection will have been so for too long, by the loop's clock."""
        return self._next_keepalive_close_time

    def wanted(self) -> int:
        """Bytes of a body that somebody waits for, and that are of that body for sure: it has a length."""
        if self._head is None or self._body is None or self._body.is_eof() or self._body._waiter is None:
            return 0
        length = self._head.headers.get("Content-Length")
        return 0 if length is None else int(length) - self._body.total_bytes

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        super().connection_made(transport)
        self._deadline = self._loop.call_at(self._headers_due, self._headers_missing)

    def connection_lost(self, error: BaseException | None) -> None:
        """End."""
        self._headers_came()
        self._caught_up()
        super().connection_lost(error)
        # A body's reader knows its connection: these would keep each other, and what nobody read, until the
        # next full collection.
        self._body = None
        if self._waiter is None:
            self._messages.clear()  # which nobody begins any more

    def data_received(self, data: bytes) -> None:
        """Take bytes in; the first of a request's headers start its deadline, the last stop it."""
        before = self._request_count
        super().data_received(data)
        if self._request_count > before:
            head, self._body = self._messages[-1] if self._messages else (None, None)
            self._head = cast("RawRequestMessage | None", head)  # what is no request has no body either
            self._headers_came()
        elif data and (self._body is None or self._body.is_eof()):
            self._await_headers()

    def resume_reading(self, resume_parser: bool = True) -> None:
        """Go on where reading was paused; aiohttp asks after every read, paused or not."""
        if self._reading_paused:
            super().resume_reading(resume_parser)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer malformed HTTP, and what no middleware caught, without a word of the input."""
        if request.writer.output_size > 0:
            raise ConnectionError("an answer was begun already")
        if status >= 500:
            details = {"errorId": log_failure(exc)} if exc is not None else {}
            message = "something went wrong here"
            return self._refuse(ApiError(500, "INTERNAL_ERROR", message, details=details, retryable=True))
        return self._refuse(ApiError(400, "INVALID_REQUEST", "this is not HTTP/1.1 as RFC 9112 has it"))

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send the answer."""
        if isinstance(resp, web.HTTPException) and resp.status >= 400:
            # aiohttp refuses an unknown `Expect` itself, outside all middlewares, and quotes it.
            resp = self._refuse(ApiError(resp.status, "INVALID_REQUEST", "the request cannot be answered"))
        if not request.content.is_eof() and request.get(STALLED):
            self._lingering_time = 0.0
        return await super().finish_response(request, resp, start_time)

    def pause_writing(self) -> None:
        """The client takes its answer slower than it comes: it has its time to catch up."""
        super().pause_writing()
        self._stalled = self._loop.call_later(self._limits.answer, self._cut_off)

    def resume_writing(self) -> None:
        """The client has caught up."""
        super().resume_writing()
        self._caught_up()

    def _caught_up(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _cut_off(self) -> None:
        self._stalled = None
        if self.transport is not None:
            self.transport.abort()

    def _refuse(self, error: ApiError) -> web.Response:
        request_id = new_request_id()
        response = self._render(error, request_id)
        response.headers.update({"Server": "Portico", HEADER: request_id})
        response.force_close()
        return response

    def _await_headers(self) -> None:
        if self._deadline is None:
            self._deadline = self._loop.call_later(self._limits.headers, self._headers_missing)

    def _headers_came(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _headers_missing(self) -> None:
        self._deadline = None
        if self._request_in_progress or self._messages:
            self.close()  # after the answers that are due
        else:
            self.force_close()
