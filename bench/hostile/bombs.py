"""Bodies that are small on the wire and would be huge unpacked."""

import gzip

from backports import zstd

_MIB = 1024 * 1024


def bombs() -> dict[str, tuple[str, bytes]]:
    """By what they are: the content coding, and at most 8 MiB that stand for gigabytes."""
    member = gzip.compress(bytes(64 * _MIB))
    frame = zstd.compress(bytes(64 * _MIB))
    wide = zstd.compress(
        bytes(_MIB),
        options={
            zstd.CompressionParameter.window_log: 27,
            zstd.CompressionParameter.content_size_flag: False,
        },
    )
    return {
        "gzip of 4 GiB": ("gzip", member * 64),
        "zstd of 64 GiB": ("zstd", frame * 1024),
        "gzip of half a million empty members": ("gzip", gzip.compress(b"") * (8 * _MIB // 20 - 1)),
        "zstd that asks for a window of 128 MiB": ("zstd", wide),
        "gzip of 8 MiB of brackets": ("gzip", gzip.compress(b"[" * 8 * _MIB)),
        "gzip of 8 MiB in one number": (
            "gzip",
            gzip.compress(b'{"leads":[' + b"9" * (8 * _MIB - 20) + b"]}"),
        ),
    }
