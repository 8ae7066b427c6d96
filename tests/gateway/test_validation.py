"""Where bodies are validated, and how often each is looked at."""

import dataclasses
import threading

import orjson
import pytest

from contracts.odp_v1.operations import ODP_V1, OdpV1Operation
from contracts.operations import Checked
from gateway.validation import Validation
from tests.support.odp_v1_bodies import example

KIB = 1024
LOOP, THREAD = True, False
Looks = list[tuple[str, bool]]


def noting(looks: Looks) -> OdpV1Operation:
    """The customers' operation, which notes each look, and whether it holds up the event loop."""

    class Noting(OdpV1Operation):
        def count(self, body: bytes) -> int | None:
            looks.append(("count", threading.current_thread() is threading.main_thread()))
            return super().count(body)

        def check(self, body: bytes) -> Checked:
            looks.append(("check", threading.current_thread() is threading.main_thread()))
            return super().check(body)

    fields = dataclasses.fields(OdpV1Operation)
    return Noting(**{field.name: getattr(ODP_V1[0], field.name) for field in fields})


def customers(size: int, *, right: bool) -> tuple[bytes, int]:
    """A body of about `size` bytes, of which one customer may lack a name, and how many are in it."""
    one = example("customers", id="c", more="x" * 500)
    wrong = {name: value for name, value in one.items() if name != "name"}
    many = [one] * (size // len(orjson.dumps(one)) - 1)
    return orjson.dumps({"customers": [*many, one if right else wrong]}), len(many) + 1


@pytest.mark.parametrize(
    ("size", "right", "expected"),
    [
        (60 * KIB, True, [("count", LOOP)]),
        (60 * KIB, False, [("count", LOOP), ("check", LOOP)]),
        (250 * KIB, True, [("count", LOOP)]),
        (250 * KIB, False, [("count", LOOP), ("check", THREAD)]),
        (300 * KIB, True, [("count", THREAD)]),
        (300 * KIB, False, [("count", THREAD), ("check", THREAD)]),
    ],
)
async def test_a_body_is_looked_at_once(size: int, right: bool, expected: Looks) -> None:
    """A glance, and the judges where that does not do; a small body on the loop, a large one off it."""
    looks: Looks = []
    body, records = customers(size, right=right)

    checked = await Validation()(noting(looks), body)

    assert expected == looks
    assert (records, [] if right else [records - 1]) == (
        checked.records,
        [one.index for one in checked.malformed],
    )


def test_the_judges_do_not_glance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where they are asked, that was done."""
    glances: list[bytes] = []
    monkeypatch.setattr("contracts.glance.count", lambda body, _: glances.append(body))
    body, records = customers(60 * KIB, right=True)
    assert Checked(records) == ODP_V1[0].check(body)
    assert [] == glances
