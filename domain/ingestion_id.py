"""Ingestion ids: sortable, unguessable, and verified without a database (design §6).

An id is `ing_` and 34 digits of Crockford's base 32: a ULID (48 bits of milliseconds, 80 bits of
entropy) and a 40-bit tag, the HMAC of tenant and ULID under the deployment's secret. Only the
tenant it was minted for can verify it, so another tenant's id answers as an unknown one.
"""

import hashlib
import hmac
import re
import secrets

from domain.clock import Clock, system_clock

PREFIX = "ing_"
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
_SHAPE = re.compile(r"ing_[0-7][0-9A-HJKMNP-TV-Z]{33}")
_ULID_BITS = 128
_RANDOM_BYTES = 10
_RANDOM_BITS = 8 * _RANDOM_BYTES
_DRAWN = 256
"""Numbers drawn from the system at once."""


class IngestionIds:
    """Mints and verifies the ingestion ids of one deployment."""

    def __init__(self, secret: bytes, clock: Clock = system_clock) -> None:
        """`secret` is shared by every gateway and ingestor; at least 16 bytes, else ValueError."""
        if len(secret) < 16:
            raise ValueError("the ingestion secret needs at least 16 bytes")
        self._keyed = hmac.new(secret, digestmod=hashlib.sha256)
        self._drawn: list[int] = []
        self._clock = clock

    def mint(self, tenant: str) -> str:
        """A new id; ids sort by the millisecond they were minted in."""
        ulid = (self._clock() << _RANDOM_BITS) | self._random()
        return self._sealed(tenant, ulid)

    def derive(self, tenant: str, *parts: str) -> str:
        """The one id of (tenant, parts): the same request, repeated, is the same ingestion."""
        return self._sealed(tenant, int.from_bytes(self._mac("derive", tenant, *parts)[:16], "big"))

    def verify(self, tenant: str, ingestion_id: str) -> bool:
        """Whether this deployment minted `ingestion_id` for `tenant`."""
        if not _SHAPE.fullmatch(ingestion_id):
            return False
        digits = ingestion_id[len(PREFIX) :]
        expected = self._tag(tenant, digits[:26])
        return hmac.compare_digest(expected, digits[26:])

    def _random(self) -> int:
        try:
            return self._drawn.pop()  # in one step: no two threads have the same
        except IndexError:
            # Many at once: each call to the system lets other threads have the interpreter, and this one,
            # which may serve all requests, waits until it has it back.
            drawn = secrets.token_bytes(_RANDOM_BYTES * _DRAWN)
            starts = range(0, len(drawn), _RANDOM_BYTES)
            first, *self._drawn = [int.from_bytes(drawn[at : at + _RANDOM_BYTES], "big") for at in starts]
            return first

    def _sealed(self, tenant: str, ulid: int) -> str:
        digits = base32(ulid, _ULID_BITS)
        return f"{PREFIX}{digits}{self._tag(tenant, digits)}"

    def _tag(self, tenant: str, digits: str) -> str:
        return base32(int.from_bytes(self._mac("tag", tenant, digits)[:5], "big"), 40)

    def _mac(self, *parts: str) -> bytes:
        texts = [part.encode() for part in parts]
        message = b"".join([len(text).to_bytes(4, "big") + text for text in texts])
        mac = self._keyed.copy()  # `hmac.digest` would let other threads have the interpreter, too
        mac.update(message)
        return mac.digest()


def base32(number: int, bits: int) -> str:
    """`number` in Crockford's base 32, upper case, as many digits as `bits` need."""
    digits = -(-bits // 5)
    shifts = range((digits - 1) // 2 * 10, -1, -10)
    return "".join([_PAIRS[(number >> shift) & 1023] for shift in shifts])[-digits:]
