"""Reading a body that holds one record or an array of them, and telling the good from the bad.

A body that is right in every record is validated in one pass over its bytes. Only where that fails
is the body cut into records, each of which is then judged by itself.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

from contracts import json_rules, slices
from contracts.faults import described
from contracts.operations import MAX_FAULTS, Malformed
from domain.records import Fault


@dataclass(frozen=True, slots=True)
class Shape:
    """Where the records stand in a body: `{singular: record}` or `{plural: [record, ...]}`."""

    singular: str
    plural: str
    record: TypeAdapter[Any]
    body: TypeAdapter[Any]
    """Both members, neither required."""


@dataclass(frozen=True, slots=True)
class Batch:
    """A body, read."""

    records: int
    """How many records it holds, malformed ones included; 0 where that cannot be told."""
    valid: list[tuple[int, Any]]
    """Each good record's place, and itself as the models have it: timestamps are datetimes."""
    raw: Callable[[], list[Any]]
    """The good records as they were sent, parsed, in the order of `valid`."""
    malformed: tuple[Malformed, ...] = ()


def read(body: bytes, shape: Shape) -> Batch:
    """The records of `body`. Raises nothing for anything that `body` holds."""
    if not json_rules.is_suspicious(body):
        try:
            return _whole(body, shape, shape.body.validate_json(body))
        except (ValidationError, slices.CutError):
            pass
    try:
        return _one_by_one(body, shape)
    except slices.CutError as error:
        whole = Malformed(None, (error.fault,), body)
        return Batch(0, [], list, (whole,))


def _whole(body: bytes, shape: Shape, value: dict[str, Any]) -> Batch:
    key = _chosen(value, shape)
    if key == shape.singular:
        return Batch(1, [(0, value[key])], lambda: [orjson.loads(body)[key]])
    valid = list(enumerate(value[key]))
    return Batch(len(valid), valid, lambda: orjson.loads(body)[key])


def _one_by_one(body: bytes, shape: Shape) -> Batch:
    cut = _cut(body, shape)
    valid: list[tuple[int, Any]] = []
    good: list[bytes] = []
    malformed: list[Malformed] = []
    named = 0
    for index, (pointer, record) in enumerate(cut):
        value, faults = _judged(record, pointer, shape)
        if not faults:
            valid.append((index, value))
            good.append(record)
            continue
        faults = faults[: max(1, MAX_FAULTS - named)]
        named += len(faults)
        malformed.append(Malformed(index, faults, record))
    return Batch(len(cut), valid, lambda: [orjson.loads(one) for one in good], tuple(malformed))


def _judged(record: bytes, pointer: str, shape: Shape) -> tuple[Any, tuple[Fault, ...]]:
    """One record as the models have it, or its faults."""
    depth = json_rules.MAX_DEPTH - pointer.count("/")
    if json_rules.is_suspicious(record, max_depth=depth):
        faults = json_rules.faults_of(record, max_depth=depth, pointer=pointer)
        if faults:
            return None, faults
    try:
        return shape.record.validate_json(record), ()
    except ValidationError as error:
        faults = tuple(described(error, pointer))
    if faults[0].code == "INVALID_JSON":
        faults = json_rules.faults_of(record, max_depth=depth, pointer=pointer) or faults
    return None, faults


def _cut(body: bytes, shape: Shape) -> list[tuple[str, bytes]]:
    """The pointer and the bytes of each record."""
    found = slices.members(body)
    last = {member.key: member for member in found}
    key = _chosen(last, shape)
    pointer, value = f"/{key}", last[key].value
    for member in found:
        if member is not last[key]:
            _require_rules(member)
    if key == shape.singular:
        return [(pointer, value)]
    if not value.startswith(b"["):
        raise slices.CutError(Fault("INVALID_TYPE", "must be an array", pointer))
    elements = slices.elements(value, pointer)
    return [(f"{pointer}/{index}", element) for index, element in enumerate(elements)]


def _require_rules(member: slices.Member) -> None:
    """The rules of JSON hold in the members that are no records, too. Raises CutError."""
    pointer = json_rules.child_pointer("", member.key)
    for fault in _member_faults(member, pointer):
        raise slices.CutError(fault)


def _member_faults(member: slices.Member, pointer: str) -> Iterator[Fault]:
    yield from json_rules.key_faults(member.key, pointer)
    depth = json_rules.MAX_DEPTH - 1
    yield from json_rules.faults_of(member.value, max_depth=depth, pointer=pointer)


def _chosen(members: dict[str, Any], shape: Shape) -> str:
    """The member that holds the records. Raises CutError unless it is exactly one."""
    keys = [key for key in (shape.singular, shape.plural) if key in members]
    if len(keys) == 1:
        return keys[0]
    if keys:
        message = f"hold either {shape.singular} or {shape.plural}, not both"
        raise slices.CutError(Fault("AMBIGUOUS_BODY", message))
    message = f"is required, or {shape.plural} with an array"
    raise slices.CutError(Fault("REQUIRED", message, f"/{shape.singular}"))
