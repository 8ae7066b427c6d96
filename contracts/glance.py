"""Counting the records of a body that is right in every one, at a glance.

Most bodies are right, and of those the front door needs to know no more. msgspec reads a body several times
as fast as pydantic (ADR 24), by types that are made of the contract's own schema. It takes a little more
than the contract does, to which `contracts.glance_text` sees. What is not plainly right goes to the judges of
`contracts.batch`, who alone say what is wrong.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

import msgspec
from pydantic import TypeAdapter

from contracts.glance_text import Text
from contracts.glance_types import Glanced, UntypedError, glanced, plain
from contracts.json_rules import MAX_DEPTH
from contracts.shapes import Shape
from contracts.slices import CutError


def count(body: bytes, shape: Shape) -> int | None:
    """How many records `body` holds, if it is plainly right; None where that takes a closer look."""
    for reader in _readers(shape.body, shape.record):
        try:
            records = len(shape.values(reader.read(body)))
        except (msgspec.DecodeError, ValueError, RecursionError, CutError):
            continue
        return records if reader.is_plain(body, records) else None
    return None


class _Reader:
    """What a contract's bodies are read by."""

    def __init__(self, body: Glanced, containers: int) -> None:
        """`containers`: objects and arrays that a record has at least."""
        self._decoder = msgspec.json.Decoder(body.type)
        self._rule = body.rule
        self._is_loose = body.is_loose
        self._containers = containers

    def read(self, body: bytes) -> Any:
        """The records, or an object of them. Raises ValueError, msgspec's DecodeError and RecursionError."""
        value = self._decoder.decode(body)
        if self._rule is not None:
            self._rule(value)
        return value if isinstance(value, list) else plain(value)

    def is_plain(self, body: bytes, records: int) -> bool:
        """Whether nothing in a body that was read, with so many records, may break the contract after all."""
        text = Text(body)
        if not text.has_plain_times():
            return False
        # A nest that is too deep is made of more containers than so many records have for themselves.
        fewest = max(0, records - 1) * self._containers
        return not self._is_loose or text.keeps_rules_of_json(fewest + MAX_DEPTH)


@cache  # once for each contract
def _readers(body: TypeAdapter[Any], record: TypeAdapter[Any]) -> Sequence[_Reader]:
    """The one that takes no member that the contract does not name, where there is less to see to in what it
    took, and the one that steps over them; none where the schema asks for more than types can say.
    """
    try:
        containers = glanced(record.core_schema).containers
        closed, wide = (glanced(body.core_schema, closed=closed) for closed in (True, False))
        return [_Reader(one, containers) for one in ([wide] if closed.is_loose else [closed, wide])]
    except (UntypedError, TypeError):
        return []
