"""Reading a request's body within bounds of size, time and memory.

The server must run with aiohttp's own decompression off, as `gateway.rest.server` does.
"""

import asyncio
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import aiohttp
from aiohttp import web
from aiohttp.web_protocol import RequestPayloadError

from domain.errors import PermanentError, TransientError
from gateway.errors import OverloadedError
from gateway.rest.inflate import DECOMPRESSORS, PayloadTooLargeError, inflate
from gateway.shares import Shares

STALLED = web.RequestKey("gateway.body_stalled", bool)
"""In a request whose body has stopped coming: there is nothing more to wait for on its connection."""

_INLINE = 64 * 1024
"""What is unpacked on the loop; more would hold up everybody for milliseconds."""


class UnsupportedEncodingError(PermanentError):
    """The Content-Encoding is none of identity, gzip and zstd."""


class UnsupportedMediaTypeError(PermanentError):
    """The Content-Type is not JSON in UTF-8."""


class InterruptedBodyError(PermanentError):
    """The body ended early, or its framing breaks HTTP."""


class BodyTimeoutError(TransientError):
    """The body did not come in time."""


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """Bounds of one body: bytes as sent, bytes unpacked, seconds from headers to end and from one
    part that comes to the next."""

    sent: int = 8 * 1024 * 1024
    unpacked: int = 8 * 1024 * 1024
    timeout: float = 30.0
    stalled: float = 5.0


class BodyBudget:
    """Bounds the bytes of all the bodies that this process holds at a time, and a tenant's share of them."""

    def __init__(self, max_bytes: int) -> None:
        """`max_bytes`: of all requests together, each body counted once."""
        self._shares = Shares(max_bytes)

    @property
    def free(self) -> int:
        """Bytes that are not charged."""
        return self._shares.free

    def of(self, tenant: str) -> "TenantBudget":
        """What bodies are charged to `tenant` with."""
        return TenantBudget(self._shares, tenant)


@dataclass(slots=True)
class TenantBudget:
    """What the body of one request is charged with, as its tenant's part in a `BodyBudget`."""

    shares: Shares
    tenant: str
    held: int = 0

    def hold(self, size: int) -> None:
        """Charge `size` bytes until they are dropped, or the current task, which handles one request, ends.

        Raises OverloadedError where they are not free.
        """
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("bodies are read in tasks")
        self._take(size)
        if not self.held:
            task.add_done_callback(self.drop)
        self.held += size

    def drop(self, _: object = None) -> None:
        """Nothing of the body is held any more."""
        self.shares.give(self.tenant, self.held)
        self.held = 0

    @contextmanager
    def borrowed(self, size: int) -> Iterator[None]:
        """Charge `size` bytes for as long as the block takes. Raises OverloadedError."""
        self._take(size)
        try:
            yield
        finally:
            self.shares.give(self.tenant, size)

    def _take(self, size: int) -> None:
        if not self.shares.fits(self.tenant, size):
            raise OverloadedError("too many bodies are being read")
        self.shares.take(self.tenant, size)


@asynccontextmanager
async def let_go(request: web.Request, refusal: Exception) -> AsyncIterator[None]:
    """For as long as the block takes nothing of a refused request's body is held, and no more of it is read.

    What came already lies in its reader, and in the frames that `refusal` was raised in.
    """
    traceback.clear_frames(refusal.__traceback__)
    if request.content.is_eof() or request.content.exception() or request.transport is None:
        yield  # nothing more can come
        return
    request.content.read_nowait()
    request.protocol.pause_reading()
    try:
        yield
    finally:
        if request.transport is not None:
            request.protocol.resume_reading()


def require_json(request: web.Request) -> None:
    """Raises UnsupportedMediaTypeError for a body that is not JSON in UTF-8."""
    if request.headers.get("Content-Type") == "application/json":
        return  # as nearly everybody has it
    if not is_json(request):
        raise UnsupportedMediaTypeError("the body's media type must be application/json")
    if (request.charset or "utf-8").lower() not in ("utf-8", "utf8"):
        raise UnsupportedMediaTypeError("the body's charset must be utf-8")


def is_json(request: web.Request) -> bool:
    """Whether the body says that it is JSON (RFC 6839 §3.1)."""
    media_type = request.content_type
    return media_type == "application/json" or (
        media_type.startswith("application/") and media_type.endswith("+json")
    )


async def read_body(
    request: web.Request,
    limits: BodyLimits,
    budget: BodyBudget,
    *,
    tenant: str = "",
    require: Callable[[web.Request], None] = require_json,
) -> bytes:
    """The body of `request`, unpacked and charged to `tenant`; `require` refuses media types.

    Raises UnsupportedMediaTypeError, UnsupportedEncodingError, PayloadTooLargeError,
    BadEncodingError, InterruptedBodyError, BodyTimeoutError and OverloadedError.
    """
    require(request)
    coding = _coding(request)
    charged = budget.of(tenant)
    try:
        sent = await _read(request, limits, charged)
    except OverloadedError:
        charged.drop()  # what came of it is let go of at once: see `let_go`
        raise
    if coding == "identity":
        return sent
    return await _unpack(coding, sent, limits.unpacked, charged)


def _coding(request: web.Request) -> str:
    if "Content-Encoding" not in request.headers:
        return "identity"
    coding = ", ".join(request.headers.getall("Content-Encoding", [])).strip().lower() or "identity"
    if coding != "identity" and coding not in DECOMPRESSORS:
        raise UnsupportedEncodingError("the body's encoding must be identity, gzip or zstd")
    return coding


async def _read(request: web.Request, limits: BodyLimits, budget: TenantBudget) -> bytes:
    if (request.content_length or 0) > limits.sent:
        raise PayloadTooLargeError(limits.sent)
    try:
        if request.content.is_eof():  # a small body comes with its headers: there is no wait to bound
            return _charged(request.content.read_nowait(), limits.sent, limits, budget)
        return await _read_chunks(request, limits, budget)
    except TimeoutError as error:
        raise BodyTimeoutError("the body did not come in time") from error
    except (RequestPayloadError, aiohttp.ClientPayloadError, ConnectionError) as error:
        # The reader keeps this error: with the frames that it was raised in, it would keep what was read.
        raise InterruptedBodyError("the body ended early or breaks HTTP") from error.with_traceback(None)


async def _read_chunks(request: web.Request, limits: BodyLimits, budget: TenantBudget) -> bytes:
    chunks: list[bytes] = []
    room = limits.sent
    clock = asyncio.get_running_loop().time
    end = clock() + limits.timeout
    try:
        async with asyncio.timeout_at(min(end, clock() + limits.stalled)) as patience:
            while chunk := await request.content.readany():
                chunks.append(_charged(chunk, room, limits, budget))
                room -= len(chunk)
                patience.reschedule(min(end, clock() + limits.stalled))
    except TimeoutError:
        request[STALLED] = clock() < end
        raise
    return b"".join(chunks)


def _charged(chunk: bytes, room: int, limits: BodyLimits, budget: TenantBudget) -> bytes:
    if len(chunk) > room:
        raise PayloadTooLargeError(limits.sent)
    budget.hold(len(chunk))
    return chunk


async def _unpack(coding: str, sent: bytes, limit: int, budget: TenantBudget) -> bytes:
    if len(sent) <= _INLINE:
        try:
            return inflate(coding, sent, min(limit, _INLINE))
        except PayloadTooLargeError:
            pass  # once more, off the loop, with the limit that counts
    with budget.borrowed(limit):
        unpacked = await asyncio.to_thread(inflate, coding, sent, limit)
    budget.hold(len(unpacked))
    return unpacked
