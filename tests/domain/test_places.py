"""Where faults are, without what a sender wrote."""

import pytest

from domain.dead_letters.entities import Trial
from domain.dead_letters.places import place_of, without_values
from domain.records import Fault, Outcome


@pytest.mark.parametrize(
    ("pointer", "told", "place"),
    [
        ("", "", ""),
        ("/customer/name", "/customer/name", "/customer/name"),
        (
            "/customers/12/addresses/0/line2",
            "/customers/12/addresses/0/line2",
            "/customers/*/addresses/*/line2",
        ),
        ("/events/0/payload/maria@example.com/a", "/events/0/payload/*/a", "/events/*/payload/*/a"),
        ("/payload/customer-123/x", "/payload/*/x", "/payload/*/x"),
        ("/payload/~1maria~0/", "/payload/*/*", "/payload/*/*"),
        ("/payload/5f0c9e9e", "/payload/*", "/payload/*"),
        ("/payload/" + "x" * 41, "/payload/*", "/payload/*"),
    ],
)
def test_what_no_contract_has_is_left_out(pointer: str, told: str, place: str) -> None:
    """A member that a sender named after somebody makes no group of its own, and is told to nobody."""
    assert (told, place) == (without_values(pointer), place_of(pointer))
    assert place == place_of(told)


def test_the_words_of_a_trial_hold_nothing_of_the_payload() -> None:
    """They go into the audit, which stays."""
    trial = Trial({Outcome.DEAD: 1}, Fault("TOO_DEEP", "nested", "/payload/maria@example.com"))
    assert "dead 1: TOO_DEEP at /payload/*" == trial.words()
