"""Where the records stand in a body: a member of an object, an array, or the body itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import TypeAdapter

from contracts import json_rules, slices
from domain.records import Fault


class Shape(Protocol):
    """A layout of bodies, with the models that its records and its whole are judged by."""

    @property
    def record(self) -> TypeAdapter[Any]:
        """One record."""

    @property
    def body(self) -> TypeAdapter[Any]:
        """The whole body."""

    def values(self, body: Any) -> list[Any]:
        """The records of a parsed body that keeps the model. Raises CutError where none are named."""

    def cut(self, body: bytes) -> list[tuple[str, bytes]]:
        """The pointer and the bytes of each record of a body that is anything. Raises CutError."""

    def wrap(self, record: bytes) -> bytes:
        """A body of the one record."""

    def roots(self, index: int) -> tuple[str, ...]:
        """The pointers that the record at `index` can have; that of `wrap`'s is the last at 0."""


@dataclass(frozen=True, slots=True)
class Members:
    """`{singular: record}` or `{plural: [record, ...]}`."""

    singular: str
    plural: str
    record: TypeAdapter[Any]
    body: TypeAdapter[Any]
    """Both members, neither required."""

    def values(self, body: Any) -> list[Any]:
        """The one record, or all of the array's."""
        key = self._chosen(body)
        return [body[key]] if key == self.singular else list(body[key])

    def cut(self, body: bytes) -> list[tuple[str, bytes]]:
        """The records below `/singular`, or below `/plural/0` and on."""
        found = slices.members(body)
        last = {member.key: member for member in found}
        key = self._chosen(last)
        pointer, value = f"/{key}", last[key].value
        for member in found:
            if member is not last[key]:
                _require_rules(member)
        if key == self.singular:
            return [(pointer, value)]
        if not value.startswith(b"["):
            raise slices.CutError(Fault("INVALID_TYPE", "must be an array", pointer))
        elements = slices.elements(value, pointer)
        return [(f"{pointer}/{index}", element) for index, element in enumerate(elements)]

    def wrap(self, record: bytes) -> bytes:
        """`{singular: record}`."""
        return b'{"%b":%b}' % (self.singular.encode(), record)

    def roots(self, index: int) -> tuple[str, ...]:
        """One of several, or the only one."""
        return (f"/{self.plural}/{index}", f"/{self.singular}")

    def _chosen(self, members: dict[str, Any]) -> str:
        """The member that holds the records. Raises CutError unless it is exactly one."""
        keys = [key for key in (self.singular, self.plural) if key in members]
        if len(keys) == 1:
            return keys[0]
        if keys:
            message = f"hold either {self.singular} or {self.plural}, not both"
            raise slices.CutError(Fault("AMBIGUOUS_BODY", message))
        message = f"is required, or {self.plural} with an array"
        raise slices.CutError(Fault("REQUIRED", message, f"/{self.singular}"))


def _require_rules(member: slices.Member) -> None:
    """The rules of JSON hold in the members that are no records, too. Raises CutError."""
    pointer = json_rules.child_pointer("", member.key)
    for fault in _member_faults(member, pointer):
        raise slices.CutError(fault)


def _member_faults(member: slices.Member, pointer: str) -> Iterator[Fault]:
    yield from json_rules.key_faults(member.key, pointer)
    depth = json_rules.MAX_DEPTH - 1
    yield from json_rules.faults_of(member.value, max_depth=depth, pointer=pointer)


@dataclass(frozen=True, slots=True)
class Array:
    """`[record, ...]`."""

    record: TypeAdapter[Any]
    body: TypeAdapter[Any]

    def values(self, body: Any) -> list[Any]:
        """All of them."""
        return list(body)

    def cut(self, body: bytes) -> list[tuple[str, bytes]]:
        """The records at `/0` and on."""
        return [(f"/{index}", element) for index, element in enumerate(slices.array(body))]

    def wrap(self, record: bytes) -> bytes:
        """`[record]`."""
        return b"[%b]" % record

    def roots(self, index: int) -> tuple[str, ...]:
        """Its place."""
        return (f"/{index}",)


@dataclass(frozen=True, slots=True)
class Single:
    """The body is the record."""

    record: TypeAdapter[Any]

    @property
    def body(self) -> TypeAdapter[Any]:
        """The record itself."""
        return self.record

    def values(self, body: Any) -> list[Any]:
        """The one there is."""
        return [body]

    def cut(self, body: bytes) -> list[tuple[str, bytes]]:
        """The one record, at the root."""
        slices.members(body)
        return [("", body)]

    def wrap(self, record: bytes) -> bytes:
        """The record itself."""
        return record

    def roots(self, index: int) -> tuple[str, ...]:
        """The root."""
        return ("",)
