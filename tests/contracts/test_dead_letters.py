"""A record that was taken out of its body is the same record."""

import json
from typing import Any

import pytest

from contracts.dead_letters import LetterReader
from contracts.od_v2.examples import EXAMPLES as OD_V2
from contracts.odp_v1.examples import EXAMPLES as ODP_V1
from contracts.operations import Origin
from contracts.registry import OPERATIONS
from domain.receipts import DeadLetter
from tests.storage.builders import a_dead_letter

READER = LetterReader(OPERATIONS)


def record_of(name: str) -> dict[str, Any]:
    """A record that the operation takes."""
    plural = name.rpartition(".")[2]
    bodies: dict[str, Any] = ODP_V1[plural]["one"] if name.startswith("odp") else OD_V2[plural]
    body = next(iter(bodies.values()))
    record: dict[str, Any] = body[0] if isinstance(body, list) else body
    return record


def a_letter(name: str, index: int | None, body: bytes, **changes: Any) -> DeadLetter:
    """A letter of one record of the operation."""
    return a_dead_letter(
        "dl_1", operation=name, index=index, body=body, accepted_at=1_750_000_000_000, **changes
    )


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_record_read_alone_is_as_it_was_in_its_body(name: str) -> None:
    """With its version, its key and its identity: a replay is a redelivery."""
    operation = OPERATIONS[name]
    record = record_of(name)
    records = [{**record, "note": number} for number in range(3)]
    plural = name.rpartition(".")[2]
    several: Any = {plural: records} if name.startswith("odp") else records
    origin = Origin("acme", "ing_1", 1_750_000_000_000)
    if operation.roots(0) == ("",):
        records, several = records[:1], records[0]
    expected = operation.decode(json.dumps(several).encode(), origin)

    assert (len(records), ()) == (len(expected.records), expected.malformed)
    for index, whole in expected.records:
        payload = json.dumps(records[index]).encode()
        reading = READER.read(a_letter(name, index, payload), payload)
        assert ((whole,), ()) == (reading.records, reading.faults)


@pytest.mark.parametrize(
    ("name", "pointer", "place"),
    [
        ("odp.v1.customers", "/customers/7/name", "/customers/7/externalIds"),
        ("odp.v1.customers", "/customer/name", "/customer/externalIds"),
        ("od.v2.customers", "/7/name", "/7/externalIds"),
        ("od.v2.reviews", "/name", ""),
    ],
)
def test_a_fault_keeps_the_place_that_it_had_in_its_body(name: str, pointer: str, place: str) -> None:
    """So that a letter that fails again for its old reason stays in its group."""
    payload = json.dumps({**record_of(name), "externalIds": 5}).encode()
    if not place:
        payload = b"[]"
    reading = READER.read(a_letter(name, 7, payload, pointer=pointer), payload)

    assert place in [fault.pointer for fault in reading.faults]


@pytest.mark.parametrize("name", ["odp.v1.customers", "od.v2.customers"])
def test_a_payload_is_one_record(name: str) -> None:
    """Nothing is smuggled into the body that it is wrapped in."""
    record = json.dumps(record_of(name)).encode()
    letter = a_letter(name, 0, record)

    for payload in (record + b"," + record, record + b',"x":1', b"", b"{", b"\xff"):
        assert READER.read(letter, payload).faults


def test_an_operation_that_nobody_knows_is_a_fault() -> None:
    """It may be known to a later release."""
    [fault] = READER.read(a_letter("odp.v9.pets", None, b"{}"), b"{}").faults
    assert "UNKNOWN_OPERATION" == fault.code
