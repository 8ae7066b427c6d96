"""`portico privacy`, where it has nothing to ask the store."""

from typer.testing import CliRunner

from cli.commands import app


def test_nobody_is_erased_by_a_program_that_does_not_say_so() -> None:
    """Without a terminal to ask at, and without --yes, it ends before anything is opened."""
    done = CliRunner().invoke(app, ["privacy", "erase", "--tenant", "acme", "--customer", "c-1"])

    assert (2, True) == (done.exit_code, "--yes" in done.output)
