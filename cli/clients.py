"""`portico clients`: the programs that obtain their tokens at `/oauth/token`."""

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer

from cli.beside import with_store
from cli.settings import Settings
from cli.terminal import DataDir, fail, settings_of
from domain.clients import Client, ClientRuleError, new_client, new_secret
from domain.clock import from_millis, system_clock
from gateway.claims import principal_of
from gateway.errors import AuthenticationError
from storage.clients import ClientRepository

app = typer.Typer(help="Clients that obtain tokens at /oauth/token.", no_args_is_help=True)

_DAY = 24 * 3600

_T = TypeVar("_T")
_ClientId = Annotated[str, typer.Argument(help="The client's id.")]


@app.command()
def add(
    tenant: Annotated[str, typer.Option(help="The tenant that its tokens are for.")],
    scope: Annotated[str, typer.Option(help="All that its tokens may have, with spaces between.")],
    name: Annotated[str, typer.Option(help="What people call it.")] = "",
    data_dir: DataDir = None,
) -> None:
    """Add a client. Its id and secret are printed this once; only a digest is kept."""
    secret = new_secret()
    try:
        client = new_client(tenant, scope.split(), name, secret, system_clock())
        principal_of({"sub": client.id, "org": tenant})
    except ClientRuleError as error:
        fail(str(error))
    except AuthenticationError:
        fail("a tenant is 1 to 64 letters, digits, dots, dashes and underscores")
    _run(settings_of(data_dir=data_dir), lambda clients: clients.add(client))
    _show(client.id, secret)


@app.command("list")
def list_clients(
    tenant: Annotated[str | None, typer.Option(help="The tenant; all of them if not given.")] = None,
    data_dir: DataDir = None,
) -> None:
    """List clients, without their secrets."""
    for client in _run(settings_of(data_dir=data_dir), lambda clients: clients.list(tenant)):
        typer.echo("\t".join(_columns(client)))


@app.command()
def revoke(client_id: _ClientId, data_dir: DataDir = None) -> None:
    """Take a client's secrets away, for ever. Tokens that it has live on until they expire."""
    now = system_clock()
    _change(settings_of(data_dir=data_dir), client_id, lambda client: client.revoked(now))
    typer.echo(f"revoked {client_id}")


@app.command()
def rotate(
    client_id: _ClientId,
    grace: Annotated[int, typer.Option(min=0, help="Seconds that the old secret goes on for.")] = _DAY,
    data_dir: DataDir = None,
) -> None:
    """Give a client another secret, printed this once."""
    secret, now = new_secret(), system_clock()
    _change(
        settings_of(data_dir=data_dir), client_id, lambda client: client.rotated(secret, now, grace * 1000)
    )
    _show(client_id, secret)


def _show(client_id: str, secret: str) -> None:
    typer.echo(f"client_id: {client_id}\nclient_secret: {secret}")
    typer.echo("Keep the secret now: it is not shown again.", err=True)


def _columns(client: Client) -> list[str]:
    state = "active" if client.revoked_at is None else f"revoked {_time(client.revoked_at)}"
    return [client.id, client.tenant, client.name, " ".join(sorted(client.scopes)), state]


def _time(millis: int) -> str:
    return from_millis(millis).isoformat(timespec="seconds")


def _change(settings: Settings, client_id: str, rule: Callable[[Client], Client]) -> None:
    try:
        changed = _run(settings, lambda clients: clients.change(client_id, rule))
    except ClientRuleError as error:
        fail(str(error))
    if changed is None:
        fail(f"there is no client {client_id}")


def _run(settings: Settings, use: Callable[[ClientRepository], Awaitable[_T]]) -> _T:
    return with_store(settings, lambda store: use(store.clients))
