"""The command `portico`. Its commands are imported when they are asked for: together they take seconds."""

from importlib import import_module

import typer
from typer._click import Command, Context  # typer has no public name for them
from typer.core import TyperGroup
from typer.main import get_group

_COMMANDS = {
    "up": "cli.processes",
    "gateway": "cli.processes",
    "ingestor": "cli.processes",
    "token": "cli.token_command",
    "status": "cli.status_command",
    "top": "cli.top",
    "load": "cli.load_command",
}
"""Where each one is, among the commands of that module's `app`."""
_GROUPS = {
    "clients": "cli.clients",
    "dead-letters": "cli.dead_letters",
    "loyalty": "cli.loyalty",
    "privacy": "cli.privacy",
    "webhooks": "cli.webhooks",
}
"""Commands with commands of their own: the whole `app` of a module."""


class _OnDemand(TyperGroup):
    """Commands that are imported one by one."""

    def list_commands(self, ctx: Context) -> list[str]:
        """Their names, in the order of the help."""
        return [*_COMMANDS, *_GROUPS]

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        """The command of that name, if there is one."""
        if cmd_name in _COMMANDS:
            return get_group(import_module(_COMMANDS[cmd_name]).app).get_command(ctx, cmd_name)
        if cmd_name in _GROUPS:
            group = get_group(import_module(_GROUPS[cmd_name]).app)
            group.name = cmd_name
            return group
        return None


app = typer.Typer(cls=_OnDemand, no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)


@app.callback()
def portico() -> None:
    """Portico, the front door for customer data."""
