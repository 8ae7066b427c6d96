"""Reading a body that holds records, in whatever shape, and telling the good from the bad.

A body that is right in every record is validated in one pass over its bytes. Only where that fails
is the body cut into records, each of which is then judged by itself.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import ValidationError

from contracts import json_rules, slices
from contracts.faults import described
from contracts.operations import MAX_FAULTS, Checked, Malformed
from contracts.shapes import Shape
from domain.records import Fault


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


def check(body: bytes, shape: Shape) -> Checked:
    """What `read` finds, without the records. Whoever may meet a right body has it glanced at before."""
    passed = _passed(body, shape)
    if passed is not None:
        return Checked(len(passed))
    batch = _sorted_out(body, shape)
    return Checked(batch.records, batch.malformed)


def read(body: bytes, shape: Shape) -> Batch:
    """The records of `body`. Raises nothing for anything that `body` holds."""
    passed = _passed(body, shape)
    if passed is not None:
        return Batch(len(passed), list(enumerate(passed)), lambda: shape.values(orjson.loads(body)))
    return _sorted_out(body, shape)


def _passed(body: bytes, shape: Shape) -> list[Any] | None:
    """The records of a body that is right in every one; else None."""
    if json_rules.is_suspicious(body):
        return None
    try:
        return shape.values(shape.body.validate_json(body))
    except (ValidationError, slices.CutError):
        return None


def _sorted_out(body: bytes, shape: Shape) -> Batch:
    try:
        return _one_by_one(body, shape)
    except slices.CutError as error:
        whole = Malformed(None, (error.fault,), body)
        return Batch(0, [], list, (whole,))


def _one_by_one(body: bytes, shape: Shape) -> Batch:
    cut = shape.cut(body)
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
