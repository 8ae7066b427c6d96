"""Request bodies: within their bounds verbatim, beyond them refused without growth."""

import asyncio
import gzip
import itertools
import time
import tracemalloc
import zlib
from collections.abc import Callable
from traceback import walk_tb
from types import TracebackType

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import OverloadedError
from gateway.rest.body import BodyBudget, BodyLimits, let_go, read_body
from gateway.rest.inflate import BadEncodingError, PayloadTooLargeError, inflate
from tests.support.gateway_http import Answer, ask, connected, request, served

MIB = 1024 * 1024
COMPRESS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "zstd": zstd.compress}
codings = pytest.mark.parametrize("coding", ["gzip", "zstd"])


def echo(limits: BodyLimits | None = None, budget: BodyBudget | None = None) -> dict[str, Handler]:
    """A route that answers with the body it read."""
    held = budget or BodyBudget(64 * MIB)

    async def handler(request: web.Request) -> web.Response:
        return web.Response(body=await read_body(request, limits or BodyLimits(), held))

    return {"POST /": handler}


async def post(body: bytes, **headers: str) -> Answer:
    """The answer to `body` of the echoing server."""
    async with served(echo()) as address:
        return await ask(address, "POST", "/", body, **{"content_type": "application/json", **headers})


@codings
@pytest.mark.parametrize("size", [0, 1, 70_000, 3 * MIB])
async def test_a_body_is_unpacked(coding: str, size: int) -> None:
    """Small ones on the loop, large ones off it: the same bytes come out."""
    body = bytes(itertools.islice(itertools.cycle(range(251)), size))
    answer = await post(COMPRESS[coding](body), content_encoding=coding)
    assert (200, body) == (answer.status, answer.body)


@pytest.mark.parametrize("headers", [{}, {"content_encoding": "identity"}, {"content_encoding": ""}])
async def test_a_plain_body_stays_as_it_is(headers: dict[str, str]) -> None:
    """What was sent is what is queued."""
    answer = await post(b' {"a" : 1}\n', **headers)
    assert (200, b' {"a" : 1}\n') == (answer.status, answer.body)


@pytest.mark.parametrize("coding", ["GZIP", "x-gzip", "Gzip"])
async def test_the_name_of_a_coding_is_written_in_any_case(coding: str) -> None:
    """RFC 9110 §8.4.1."""
    assert b"{}" == (await post(gzip.compress(b"{}"), content_encoding=coding)).body


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "application/json; charset=UTF-8",
        "application/cloudevents+json",
        "APPLICATION/JSON",
    ],
)
async def test_json_by_any_of_its_names_is_read(media_type: str) -> None:
    """Media types with the suffix +json are JSON (RFC 6839)."""
    assert 200 == (await post(b"{}", content_type=media_type)).status


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"content_type": "text/plain"}, "UNSUPPORTED_MEDIA_TYPE"),
        ({"content_type": "text/x+json"}, "UNSUPPORTED_MEDIA_TYPE"),
        ({"content_type": "application/json; charset=utf-16"}, "UNSUPPORTED_MEDIA_TYPE"),
        ({"content_type": ""}, "UNSUPPORTED_MEDIA_TYPE"),
        ({"content_type": ";;;"}, "UNSUPPORTED_MEDIA_TYPE"),
        ({"content_encoding": "br"}, "UNSUPPORTED_ENCODING"),
        ({"content_encoding": "deflate"}, "UNSUPPORTED_ENCODING"),
        ({"content_encoding": "gzip, gzip"}, "UNSUPPORTED_ENCODING"),
    ],
)
async def test_other_types_and_encodings_are_refused(headers: dict[str, str], code: str) -> None:
    """A's list of statuses has no 415, so it is 400 there."""
    answer = await post(b"{}", **headers)
    assert (400, code) == (answer.status, answer.error["code"])


@codings
@pytest.mark.parametrize(
    "damage",
    [
        lambda body: body[:-1],
        lambda body: body[: len(body) // 2],
        lambda body: b"",
        lambda body: body + b"rest",
        lambda body: b"x" + body,
        lambda body: body[:-6] + bytes(6),
    ],
    ids=["one byte short", "half", "empty", "trailing", "leading", "checksum"],
)
async def test_a_damaged_body_is_the_callers_fault(coding: str, damage: Callable[[bytes], bytes]) -> None:
    """400, never 500."""
    packed = zstd.ZstdCompressor(options={zstd.CompressionParameter.checksum_flag: 1})
    body = b'{"some": "json"}' * 100
    whole = gzip.compress(body) if coding == "gzip" else packed.compress(body, packed.FLUSH_FRAME)
    answer = await post(damage(whole), content_encoding=coding)
    assert (400, "INVALID_PAYLOAD") == (answer.status, answer.error["code"])


@codings
async def test_a_bomb_is_refused_without_growth(coding: str) -> None:
    """A gigabyte in a few kilobytes is refused at the bound, and never unpacked beyond it."""
    bomb = COMPRESS[coding](bytes(64 * MIB)) * 16
    tracemalloc.start()
    try:
        with pytest.raises(PayloadTooLargeError):
            inflate(coding, bomb, 8 * MIB)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20 * MIB
    answer = await post(bomb, content_encoding=coding)
    assert (413, 8 * MIB) == (answer.status, answer.error["details"]["maxBytes"])


@codings
def test_exactly_the_bound_is_let_in(coding: str) -> None:
    """One byte more is not."""
    assert bytes(1000) == inflate(coding, COMPRESS[coding](bytes(1000)), 1000)
    with pytest.raises(PayloadTooLargeError):
        inflate(coding, COMPRESS[coding](bytes(1001)), 1000)


@codings
def test_several_parts_are_one_body_in_linear_time(coding: str) -> None:
    """4,096 parts take no longer than their bytes; more are refused at once."""
    part = COMPRESS[coding](b"{}")
    started = time.monotonic()
    assert b"{}" * 4096 == inflate(coding, part * 4096, 8 * MIB)
    with pytest.raises(BadEncodingError):
        inflate(coding, part * (8 * MIB // len(part)), 8 * MIB)
    assert time.monotonic() - started < 2


def test_a_frame_that_asks_for_a_huge_window_is_refused() -> None:
    """RFC 9659: 8 MiB is the most that a content encoding may ask for."""
    packer = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: 27})
    with pytest.raises(BadEncodingError):
        inflate("zstd", packer.compress(bytes(1000)) + packer.flush(), MIB)


@given(data=st.binary(max_size=400), coding=st.sampled_from(["gzip", "zstd"]))
def test_any_bytes_are_unpacked_or_refused(data: bytes, coding: str) -> None:
    """No input whatever raises anything else."""
    for candidate in (data, COMPRESS[coding](data)[:-1] + data, COMPRESS[coding](b"")[:10] + data):
        try:
            inflate(coding, candidate, 1000)
        except (BadEncodingError, PayloadTooLargeError):
            continue


@given(
    parts=st.lists(st.binary(max_size=3000), min_size=1, max_size=5), coding=st.sampled_from(["gzip", "zstd"])
)
def test_packing_is_undone(parts: list[bytes], coding: str) -> None:
    """Whatever was packed, in how many parts, comes out."""
    packed = b"".join(COMPRESS[coding](part) for part in parts)
    assert b"".join(parts) == inflate(coding, packed, 20_000)


async def test_a_declared_length_beyond_the_bound_is_refused_before_the_body() -> None:
    """Nothing of it has to be sent."""
    async with served(echo(BodyLimits(sent=1000))) as address, connected(address) as connection:
        await connection.send(request("POST", content_type="application/json", content_length="1001"))
        answer = await connection.answer()
        assert (413, "close") == (answer.status, answer.headers["Connection"])


async def test_a_length_that_is_not_declared_is_bounded_as_it_comes() -> None:
    """Chunked bodies lie about nothing, and end at the bound all the same."""
    async with served(echo(BodyLimits(sent=1000))) as address, connected(address) as connection:
        await connection.send(request("POST", content_type="application/json", transfer_encoding="chunked"))
        await connection.send(b"3e9\r\n" + b"x" * 1001 + b"\r\n")
        assert 413 == (await connection.answer()).status


async def test_a_chunk_that_breaks_its_framing_is_the_callers_fault() -> None:
    """400, and the connection ends, for nobody knows where the next request begins."""
    async with served(echo()) as address, connected(address) as connection:
        await connection.send(request("POST", content_type="application/json", transfer_encoding="chunked"))
        await connection.send(b"2\r\n{}\r\nnonsense\r\n")
        assert 400 == (await connection.answer()).status
        assert await connection.closed(within=2)


async def test_a_body_that_does_not_come_is_answered_at_its_deadline() -> None:
    """Dripping bytes do not stretch it."""
    async with served(echo(BodyLimits(timeout=0.3))) as address, connected(address) as connection:
        await connection.send(request("POST", content_type="application/json", content_length="100"))
        started = time.monotonic()
        for _ in range(10):
            await connection.send(b"x")
            await asyncio.sleep(0.04)
        answer = await connection.answer()
    assert (400, True) == (answer.status, answer.error["retryable"])
    assert time.monotonic() - started < 1


async def test_a_body_that_stops_coming_ends_its_connection_early() -> None:
    """One that comes slowly is taken meanwhile; nobody lingers for the rest of one that stalled."""
    limits = BodyLimits(timeout=30, stalled=0.4)
    async with served(echo(limits)) as address, connected(address) as slow, connected(address) as stalled:
        for connection in (slow, stalled):
            await connection.send(request("POST", content_type="application/json", content_length="8"))
        for _ in range(8):
            await slow.send(b"1")
            await asyncio.sleep(0.1)
        answer = await stalled.answer()
        assert (400, True) == (answer.status, answer.error["retryable"])
        assert await stalled.closed(within=1)
        assert b"11111111" == (await slow.answer()).body


async def test_a_client_that_goes_in_the_middle_is_no_bug_of_ours(capsys: pytest.CaptureFixture[str]) -> None:
    """A body that ends early is no failure to log."""
    ended = asyncio.Event()
    budget = BodyBudget(1000)

    async def handler(incoming: web.Request) -> web.Response:
        try:
            return web.Response(body=await read_body(incoming, BodyLimits(), budget))
        finally:
            ended.set()

    async with served({"POST /": handler}) as address:
        async with connected(address) as connection:
            await connection.send(
                request("POST", content_type="application/json", content_length="100") + b"x"
            )
            await asyncio.sleep(0.05)
        async with asyncio.timeout(2):
            await ended.wait()
    assert "request_failed" not in "".join(capsys.readouterr())
    assert 1000 == budget.free


async def test_the_bodies_of_all_requests_together_are_bounded() -> None:
    """What is beyond the bound is told to come again; what is done with is free again."""
    budget = BodyBudget(1500)
    async with served(echo(budget=budget)) as address, connected(address) as connection:
        await connection.send(
            request("POST", content_type="application/json", content_length="1000") + b"x" * 999
        )
        await _until(lambda: budget.free == 501)
        refused = await ask(address, "POST", "/", b"y" * 600, content_type="application/json")
        assert (503, "OVERLOADED", "1") == (
            refused.status,
            refused.error["code"],
            refused.headers["Retry-After"],
        )
        await connection.send(b"x")
        assert 200 == (await connection.answer()).status
        await _until(lambda: budget.free == 1500)
        assert 200 == (await ask(address, "POST", "/", b"y" * 600, content_type="application/json")).status


async def test_one_tenants_bodies_leave_room_for_anothers() -> None:
    """However slowly they come: eight connections of one tenant do not lock the others out."""
    budget = BodyBudget(4000)

    async def handler(incoming: web.Request) -> web.Response:
        tenant = incoming.match_info["tenant"]
        return web.Response(body=await read_body(incoming, BodyLimits(), budget, tenant=tenant))

    head = request("POST", "/flood", content_type="application/json", content_length="1500")
    async with (
        served({"POST /{tenant}": handler}) as address,
        connected(address) as first,
        connected(address) as second,
    ):
        for connection in (first, second):
            await connection.send(head + b"x" * 1499)
        await _until(lambda: budget.free == 4000 - 2 * 1499)
        refused = await ask(address, "POST", "/flood", b"x" * 500, content_type="application/json")
        assert (503, "OVERLOADED") == (refused.status, refused.error["code"])
        assert (
            200 == (await ask(address, "POST", "/quiet", b"x" * 500, content_type="application/json")).status
        )


async def test_what_came_of_a_refused_body_is_let_go_of_at_once() -> None:
    """While its client is made to wait for the refusal, others have the room."""
    budget = BodyBudget(2000)

    async def handler(incoming: web.Request) -> web.Response:
        try:
            return web.Response(body=await read_body(incoming, BodyLimits(), budget))
        except OverloadedError as refusal:
            async with let_go(incoming, refusal):
                await asyncio.sleep(0.3)
                left.append((budget.free, refusal.__traceback__, incoming.content.total_bytes))
            raise

    left: list[tuple[int, TracebackType | None, int]] = []
    async with served({"POST /": handler}) as address, connected(address) as connection:
        head = request("POST", "/", content_type="application/json", content_length="1000000")
        await connection.send(head + b"x" * 1000)
        await _until(lambda: budget.free == 1000)
        await connection.send(b"x" * 999_000)
        assert 503 == (await connection.answer()).status
    [(free, raised, came)] = left
    assert (2000, True) == (free, came < 100_000)
    frames = [one.f_locals for one, _ in walk_tb(raised)]
    assert not [value for names in frames[1:] for value in names.values() if isinstance(value, bytes | list)]


@codings
async def test_a_packed_body_holds_what_it_takes_unpacked(coding: str) -> None:
    """While it is unpacked the most that it may become, afterwards what it became."""
    budget = BodyBudget(9 * MIB)
    seen: list[int] = []

    async def handler(incoming: web.Request) -> web.Response:
        body = await read_body(incoming, BodyLimits(), budget)
        seen.append(budget.free)
        return web.Response(text=str(len(body)))

    packed = COMPRESS[coding](b"x" * MIB)
    headers = {"content_type": "application/json", "content_encoding": coding}
    async with served({"POST /": handler}) as address:
        assert str(MIB).encode() == (await ask(address, "POST", "/", packed, **headers)).body
        assert [8 * MIB - len(packed)] == seen
        await _until(lambda: budget.free == 9 * MIB)


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(2):
        while not condition():  # noqa: ASYNC110 - the budget has no event
            await asyncio.sleep(0.005)


def test_gzip_is_not_deflate() -> None:
    """A zlib stream under the name of gzip is damaged."""
    with pytest.raises(BadEncodingError):
        inflate("gzip", zlib.compress(b"{}"), 100)
