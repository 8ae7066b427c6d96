"""Dead letters, read with today's contracts."""

from collections.abc import Mapping
from dataclasses import replace

import orjson

from contracts.operations import Operation, Origin
from domain.dead_letters.entities import Reading
from domain.receipts import DeadLetter
from domain.records import Fault
from domain.tracing import TRACEPARENT

_UNKNOWN_OPERATION = Fault("UNKNOWN_OPERATION", "no contract has this operation")
_NOT_JSON = Fault("INVALID_JSON", "not valid JSON in UTF-8")


class LetterReader:
    """Decodes the payload of a dead letter (domain.dead_letters.ports.LetterReader)."""

    def __init__(self, operations: Mapping[str, Operation]) -> None:
        """`operations` by name."""
        self._operations = operations

    def read(self, letter: DeadLetter, payload: bytes) -> Reading:
        """The records of `payload`, each with the version that it was sent with: waiting makes none newer."""
        operation = self._operations.get(letter.operation)
        if operation is None:
            return Reading(faults=(_UNKNOWN_OPERATION,))
        # Of a message without accepted-at the ingestor took the time at which it first saw it.
        origin = Origin(
            letter.tenant,
            letter.ingestion_id,
            letter.accepted_at or letter.first_seen,
            trace=letter.headers.get(TRACEPARENT, ""),
        )
        if letter.index is None:
            return _reading(operation, payload, origin)
        reading = _reading(operation, operation.wrap(payload), replace(origin, index=letter.index))
        if not reading.faults and not _is_json(payload):
            return Reading(faults=(_NOT_JSON,))
        faults = tuple(_placed(fault, operation, letter) for fault in reading.faults)
        return replace(reading, faults=faults)


def _reading(operation: Operation, body: bytes, origin: Origin) -> Reading:
    decoded = operation.decode(body, origin)
    records = tuple(record for _, record in decoded.records)
    return Reading(records, tuple(malformed.faults[0] for malformed in decoded.malformed))


def _is_json(payload: bytes) -> bool:
    """Whether `payload` is one value, and not a part of a body that only looks like one when wrapped."""
    try:
        orjson.loads(payload)
    except orjson.JSONDecodeError:
        return False
    return True


def _placed(fault: Fault, operation: Operation, letter: DeadLetter) -> Fault:
    """`fault` with the place that it had in the original body, so that it stays with its cause."""
    wrapped = operation.roots(0)[-1]
    roots = operation.roots(letter.index or 0)
    original = next((root for root in roots if f"{letter.pointer}/".startswith(f"{root}/")), roots[-1])
    return replace(fault, pointer=original + fault.pointer.removeprefix(wrapped))
