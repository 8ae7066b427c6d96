"""What remains of erased people: digests by which what is older than their erasure stays away (ADR 20)."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from domain.identity import KeyKind
from domain.records import Entity, Record, derived_id

_WEAK = frozenset({KeyKind.EMAIL, KeyKind.PHONE, KeyKind.NAME})
_UNCALLED = "uncalled:"
_REFERENCE = "ref:"
_RECORD = "record:"


class Tombstones:
    """Those of one tenant. They hold digests under a salt of the tenant's, and nothing of a person."""

    def __init__(self, salt: bytes) -> None:
        """None yet."""
        self._salt = salt
        self._until: dict[bytes, int] = {}

    def digest(self, name: str) -> bytes:
        """What stands for `name`."""
        return hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=16, key=self._salt).digest()

    def add(self, digests: Iterable[bytes], until: int) -> None:
        """What has one of `digests` and is no newer than `until` (ms since the epoch) stays away."""
        for digest in digests:
            self._until[digest] = max(until, self._until.get(digest, until))

    def cover(self, record: Record) -> bool:
        """Whether `record` is of somebody who was erased since it was made."""
        at = record.version.at
        return any(at <= self._until.get(self.digest(name), at - 1) for name in _names_in(record))


class Erasures(Protocol):
    """The tombstones of all tenants, as they are at this moment."""

    async def of(self, tenants: Iterable[str]) -> Mapping[str, Tombstones]:
        """Those of each of `tenants` that has any. May raise StoreUnavailableError."""


@dataclass(frozen=True, slots=True)
class NothingErased:
    """Of a store in which nobody was ever erased."""

    async def of(self, tenants: Iterable[str]) -> Mapping[str, Tombstones]:
        """None."""
        return {}


def names_of_person(keys: Iterable[str]) -> Iterator[str]:
    """What customers, or leads, are kept away by: the encoded identity keys of the one who was erased.

    A phone number alone keeps nobody away, and an e-mail address nobody whom his sender calls otherwise:
    people share them, and would not be taken for the same person either (contracts E.3).
    """
    every = sorted(keys)
    called = any(_kind(key) == KeyKind.LOGICAL for key in every)
    for key in every:
        if _kind(key) not in _WEAK:
            yield key
        elif _kind(key) == KeyKind.EMAIL:
            yield _UNCALLED + key
            if not called:
                yield key


def references_of_person(references: Iterable[str]) -> Iterator[str]:
    """What other records are kept away by: how they name the customer who was erased."""
    for reference in sorted(references):
        yield _REFERENCE + reference


def name_of_record(record_id: str) -> str:
    """What one stored record is kept away by."""
    return _RECORD + record_id


def _names_in(record: Record) -> Iterator[str]:
    """Whatever `record` may be kept away by."""
    called = any(key.kind is KeyKind.LOGICAL for key in record.identities)
    for key in record.identities:
        if key.kind not in _WEAK:
            yield key.encode()
        elif key.kind is KeyKind.EMAIL:
            yield key.encode() if called else _UNCALLED + key.encode()
    if record.entity is Entity.CUSTOMER:
        return
    if not record.identities:
        yield name_of_record(derived_id(record.entity, record.tenant, record.anchor))
    if record.entity is Entity.REVIEW and (order_id := record.fields.get("order_id")):
        yield name_of_record(derived_id(Entity.ORDER, record.tenant, order_id))
    if reference := record.fields.get("customer_ref"):
        yield _REFERENCE + reference


def _kind(key: str) -> str:
    return key.partition(":")[0]
