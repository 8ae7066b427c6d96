"""Decompression with a bound: a bomb is refused at the bound, never unpacked beyond it."""

import sys
import zlib
from collections.abc import Callable
from typing import Protocol

from domain.errors import PermanentError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_MAX_PARTS = 4096
_FIRST_STEP = 512
_LONGEST_STEP = 64 * 1024
_WINDOW_LOG = 23
_GZIP = zlib.MAX_WBITS | 16


class PayloadTooLargeError(PermanentError):
    """The body is larger than the bound, as it was sent or unpacked."""

    def __init__(self, limit: int) -> None:
        """`limit`: the bound, in bytes."""
        super().__init__(f"the body is larger than {limit} bytes")
        self.limit = limit


class BadEncodingError(PermanentError):
    """The body is not what its Content-Encoding says."""


class Decompressor(Protocol):
    """What zlib's and zstd's decompressors have in common: one of them unpacks one part."""

    @property
    def eof(self) -> bool:
        """Whether the part's end was reached."""

    @property
    def unused_data(self) -> bytes:
        """The input after the part's end."""

    def decompress(self, data: memoryview, max_length: int, /) -> bytes:
        """At most `max_length` bytes more."""


def _gzip() -> Decompressor:
    return zlib.decompressobj(wbits=_GZIP)


def _zstd() -> Decompressor:
    # A frame names the window it needs; RFC 9659 allows 8 MiB for content encodings.
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _WINDOW_LOG})


DECOMPRESSORS: dict[str, Callable[[], Decompressor]] = {"gzip": _gzip, "x-gzip": _gzip, "zstd": _zstd}
"""By content coding (RFC 9110 §8.4.1, RFC 8878)."""


def inflate(coding: str, data: bytes, limit: int) -> bytes:
    """`data` unpacked: one or several gzip members or zstd frames, one after another.

    Takes time linear in `data` and the result. Raises PayloadTooLargeError beyond `limit` bytes,
    BadEncodingError for data that is damaged, cut short, or in more than 4096 parts.
    """
    unpacked: list[bytes] = []
    room = limit
    position = parts = 0
    while position < len(data) or not parts:
        parts += 1
        if parts > _MAX_PARTS:
            raise BadEncodingError(f"the body is not {coding} in at most {_MAX_PARTS} parts")
        try:
            position, room = _inflate_part(DECOMPRESSORS[coding](), data, position, room, unpacked)
        except (zlib.error, zstd.ZstdError) as error:
            raise BadEncodingError(f"the body is not {coding}") from error
        if room < 0:
            raise PayloadTooLargeError(limit)
    return b"".join(unpacked)


def _inflate_part(
    part: Decompressor, data: bytes, position: int, room: int, unpacked: list[bytes]
) -> tuple[int, int]:
    """Append one part to `unpacked`; returns the next part's position and the room left.

    The input is fed in steps that begin small and double: a decompressor copies what it was fed
    beyond its part, and many small parts fed whole would take quadratic time.
    """
    view = memoryview(data)
    step = _FIRST_STEP
    while not part.eof and room >= 0:
        if position == len(data):
            raise BadEncodingError("the body is cut short")
        fed = view[position : position + step]
        output = part.decompress(fed, room + 1)
        unpacked.append(output)
        room -= len(output)
        position += len(fed)
        step = min(step * 2, _LONGEST_STEP)
    return position - len(part.unused_data), room
