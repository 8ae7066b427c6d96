"""The composition root: settings, wiring, commands. Imported by nobody (ADR 14)."""


def main() -> None:
    """The `portico` command."""
    from cli.commands import app  # noqa: PLC0415 - so that no room opens for who imports a setting

    app()
