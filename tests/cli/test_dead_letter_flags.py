"""The flags by which dead letters are selected."""

import pytest
import typer
from typer.testing import CliRunner

from cli.dead_letter_flags import require_narrow, selected
from domain.dead_letters.entities import Selection, State

_DAY = 86_400_000
_MARCH_25 = 1_774_396_800_000


def typed(*arguments: str) -> tuple[int, Selection | None, str]:
    """The exit status of a command that wants a narrow selection, what it was given, and what it said."""
    app, given = typer.Typer(), list[Selection]()

    @app.command()
    @selected
    def command(selection: Selection) -> None:
        require_narrow(selection)
        given.append(selection)

    result = CliRunner().invoke(app, arguments)
    return result.exit_code, given[0] if given else None, result.output


@pytest.mark.parametrize(
    ("until", "millis"),
    [
        ("2026-03-25", _MARCH_25 + _DAY - 1),
        ("2026-03-25T12:00:00Z", _MARCH_25 + _DAY // 2 + 999),
        ("2026-03-25T12:00:00-0300", _MARCH_25 + _DAY // 2 + 3 * 3_600_000 + 999),
    ],
)
def test_until_takes_in_the_day_or_second_that_it_names(until: str, millis: int) -> None:
    """Lists show times to the second, and people mean whole days. It is narrow enough by itself."""
    assert (0, Selection(until=millis)) == typed("--until", until)[:2]


def test_what_is_typed_is_in_the_audits_words() -> None:
    """Every flag of a time and a place; a customer and a text by their digests alone."""
    status, selection, _ = typed("--since", "2026-03-25", "--until", "2026-03-25", "--state", "all")
    assert (0, tuple(State)) == (status, selection and selection.states)
    assert {"since": str(_MARCH_25), "until": str(_MARCH_25 + _DAY - 1)} == {
        name: word for name, word in (selection or Selection()).words().items() if name != "states"
    }
    _, searched, _ = typed("--customer", "maria@example.com", "--text", "Maria")
    assert "aria" not in str((searched or Selection()).words())


@pytest.mark.parametrize("arguments", [(), ("--state", "all"), ("--until", "soon"), ("--text", " ")])
def test_a_bad_selection_selects_nothing(arguments: tuple[str, ...]) -> None:
    """Exit status 2, in words."""
    status, selection, said = typed(*arguments)
    assert (2, None) == (status, selection)
    assert "--" in said


def test_a_selection_is_frozen_at_now_whatever_was_asked_for() -> None:
    """An `until` ahead of now would let in what comes later."""
    asked = Selection(until=2_000)
    assert (1_000, 2_000, 5) == (
        asked.frozen(1_000).until,
        asked.frozen(3_000).until,
        Selection().frozen(5).until,
    )
