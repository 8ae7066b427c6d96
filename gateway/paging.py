"""Opaque cursors: where a list goes on, as a token that only the same list understands (ruling R7).

A token is no secret and grants nothing: every query names its tenant. The digest in it tells a
token of another list, or a damaged one, from a good one, in every process alike.
"""

import base64
import binascii
import hashlib
import re
import struct
from collections.abc import Sequence

from domain.errors import PermanentError
from domain.identity import KeyKind
from domain.reading import Cursor, Query

_AT = struct.Struct(">q")
_DIGEST = 12
_MAX_TOKEN = 1_024
_CUSTOMER = re.compile(rf"{KeyKind.CUSTOMER}:.+|id:cust_[0-9A-HJKMNP-TV-Z]{{26}}")
"""A reference by the id that Portico gave the customer."""


class InvalidCursorError(PermanentError):
    """The token is damaged, or belongs to another list."""


def encode_cursor(query: Query, cursor: Cursor) -> str:
    """`cursor` as a URL-safe token for `query` and no other."""
    return encode_place(_parts(query), cursor)


def decode_cursor(query: Query, token: str) -> Cursor:
    """The cursor that `encode_cursor` wrote for `query`. Raises InvalidCursorError."""
    return decode_place(_parts(query), token)


def encode_place(parts: Sequence[str], cursor: Cursor) -> str:
    """`cursor` as a URL-safe token for the list that `parts` describe and no other."""
    place = _AT.pack(cursor.at) + cursor.id.encode()
    return base64.urlsafe_b64encode(_digest(parts, place) + place).decode().rstrip("=")


def decode_place(parts: Sequence[str], token: str) -> Cursor:
    """The cursor that `encode_place` wrote for `parts`. Raises InvalidCursorError."""
    refusal = "the page token is damaged or belongs to another list"
    if len(token) > _MAX_TOKEN:
        raise InvalidCursorError(refusal)
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        digest, place = raw[:_DIGEST], raw[_DIGEST:]
        cursor = Cursor(_AT.unpack(place[: _AT.size])[0], place[_AT.size :].decode())
    except (binascii.Error, struct.error, ValueError) as error:
        raise InvalidCursorError(refusal) from error
    if digest != _digest(parts, place) or token != encode_place(parts, cursor):
        raise InvalidCursorError(refusal)
    return cursor


def _digest(parts: Sequence[str], place: bytes) -> bytes:
    digest = hashlib.sha256(place)
    for part in parts:
        encoded = part.encode()
        digest.update(len(encoded).to_bytes(4, "big") + encoded)
    return digest.digest()[:_DIGEST]


def _parts(query: Query) -> list[str]:
    bounds = (str(query.above), str(query.until))
    equal = [text for pair in sorted(query.equal) for text in pair]
    direction = "descending" if query.descending else "ascending"
    listed = (query.tenant, query.entity, query.order.name, direction, *bounds)
    return [*listed, str(len(equal)), *equal, *_refs(query)]


def _refs(query: Query) -> list[str]:
    """A customer may gain keys between two pages; his id stays, so it alone counts where given."""
    if query.customer_refs is None:
        return []
    refs = sorted(query.customer_refs)
    return ["refs", *([ref for ref in refs if _CUSTOMER.fullmatch(ref)] or refs)]
