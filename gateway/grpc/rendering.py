"""Stored records as the bytes of their messages: how they are kept beside their fields, and sent.

A message in a field of another one is its bytes behind their number, so an answer is put together from
kept bytes without parsing them (https://protobuf.dev/programming-guides/encoding/#length-types).
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar, cast

from google.protobuf.descriptor import Descriptor
from google.protobuf.descriptor_pb2 import DescriptorProto

from domain.reading import Rendering, Whole
from domain.records import Entity, Stored
from gateway.grpc.mapping import write_bounded
from gateway.grpc.mapping_customer import write_customer
from gateway.grpc.mapping_records import write_event, write_lead, write_order, write_review
from gateway.grpc.pb.portico.v1.customers_pb2 import Customer
from gateway.grpc.pb.portico.v1.events_pb2 import Event
from gateway.grpc.pb.portico.v1.leads_pb2 import Lead
from gateway.grpc.pb.portico.v1.orders_pb2 import Order
from gateway.grpc.pb.portico.v1.reviews_pb2 import Review

M = TypeVar("M")

_MAPPING = 1
"""Plus 1 with every change of `mapping*.py` that makes another message of the same record: what was kept
before is then made anew where it is read. A test holds what they make to this number."""

_MESSAGES: Mapping[Entity, tuple[Any, Callable[[Stored, Any], None]]] = {
    Entity.CUSTOMER: (Customer, write_customer),
    Entity.LEAD: (Lead, write_lead),
    Entity.ORDER: (Order, write_order),
    Entity.REVIEW: (Review, write_review),
    Entity.EVENT: (Event, write_event),
}


def render(record: Stored) -> bytes:
    """The bytes of the record's message."""
    kind, write = _MESSAGES[record.entity]
    message = kind()
    write_bounded(record, write, message)
    rendered: bytes = message.SerializeToString()
    return rendered


def _revision() -> bytes:
    """Eight bytes that follow from the mapping and from what the messages are declared as."""
    declared: dict[str, bytes] = {}
    for kind, _ in _MESSAGES.values():
        _declare(kind.DESCRIPTOR, declared)
    digest = hashlib.sha256(b"%d" % _MAPPING)
    for name in sorted(declared):
        digest.update(declared[name])
    return digest.digest()[:8]


def _declare(message: Descriptor, into: dict[str, bytes]) -> None:
    if message.full_name not in into:
        proto = DescriptorProto()
        message.CopyToProto(proto)
        into[message.full_name] = proto.SerializeToString(deterministic=True)
        for field in message.fields:
            if field.message_type is not None:
                _declare(field.message_type, into)


RENDERING = Rendering(_revision(), render)


def rendered(whole: Whole) -> bytes:
    """The bytes of a record's message, as they are kept or made now."""
    return whole if isinstance(whole, bytes) else render(whole)


@dataclass(frozen=True, slots=True)
class Sent:
    """An answer in the bytes that are sent."""

    content: bytes
    records: int

    def instead_of(self, message: type[M]) -> M:
        """Itself, where generated code asks for the message that it is of: `sent_or` sends both."""
        return cast(M, self)


def sent_or(serialize: Callable[[Any], bytes]) -> Callable[[Any], bytes]:
    """`serialize`, but for what is in bytes already."""
    return lambda answer: answer.content if isinstance(answer, Sent) else serialize(answer)


_RECORDS, _TOKEN = b"\x0a", b"\x12"
"""The tags of fields 1 and 2, both of the wire type LEN: the records of an answer with several, and its
token."""


def joined(records: Iterable[bytes], token: str = "") -> Sent:
    """An answer with several records, and the token to go on with."""
    parts: list[bytes] = []
    for record in records:
        parts += (_RECORDS, _varint(len(record)), record)
    count = len(parts) // 3
    if token:
        parts += (_TOKEN, _varint(len(token)), token.encode())
    return Sent(b"".join(parts), count)


@lru_cache(maxsize=4096)  # the lengths of records are much alike
def _varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first, and the eighth bit set where more follow."""
    parts = bytearray()
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    parts.append(number)
    return bytes(parts)
