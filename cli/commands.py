"""The commands: `portico up`, `gateway`, `ingestor`, `token`, `status`, and those of each of the others."""

import asyncio
import shlex
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.clients import app as clients
from cli.dead_letter_views import print_json, print_table
from cli.dead_letters import app as dead_letters
from cli.errors import ListenError, SettingError
from cli.gateway_parts import Gateway
from cli.logs import configure_logs, log_loop_fault
from cli.loyalty import app as loyalty
from cli.run import run_gateway, run_ingestor, run_up
from cli.settings import Settings
from cli.status import LEDGER_COLUMNS, StatusError, read_status
from cli.terminal import DataDir, fail, settings_of
from cli.token_keys import embedded_jwt_key
from cli.webhooks import app as webhooks
from domain.clock import system_clock
from gateway.auth import mint_token
from gateway.operators import OPERATOR_SCOPES
from gateway.rest.server import Address
from storage.errors import StoreSetupError

app = typer.Typer(
    help="Portico, the front door for customer data.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

app.add_typer(clients, name="clients")
app.add_typer(dead_letters, name="dead-letters")
app.add_typer(loyalty, name="loyalty")
app.add_typer(webhooks, name="webhooks")


@app.command()
def up(
    host: Annotated[str | None, typer.Option(help="Address that REST and gRPC listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port that REST listens on.")] = None,
    grpc_port: Annotated[int | None, typer.Option(help="Port that gRPC listens on.")] = None,
    admin_port: Annotated[int | None, typer.Option(help="Port of health checks and metrics.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Run everything in one process: gateway, ingestor, and what they need, embedded.

    Where PORTICO_AMQP_URL or PORTICO_MONGODB_URL is set, that is used instead of the embedded part.
    """
    settings = settings_of(
        host=host, port=port, grpc_port=grpc_port, admin_port=admin_port, data_dir=data_dir
    )
    _run(settings, run_up(settings, lambda gateway, admin: _announce(settings, gateway, admin)))


@app.command()
def gateway() -> None:
    """Run the front door alone: REST and gRPC."""
    settings = settings_of()
    _run(settings, run_gateway(settings, lambda gateway, admin: _announce(settings, gateway, admin)))


@app.command()
def ingestor() -> None:
    """Run the ingestor alone; several may run side by side."""
    settings = settings_of()
    _run(settings, run_ingestor(settings))


@app.command()
def token(
    scope: Annotated[str, typer.Option(help="Scopes, with spaces between them.")],
    tenant: Annotated[
        str | None,
        typer.Option(help="The tenant that the token is for; only an operator's may be for all."),
    ] = None,
    subject: Annotated[str, typer.Option(help="Who the token names, and the audit.")] = "portico-cli",
    data_dir: DataDir = None,
    ttl: Annotated[int, typer.Option(min=1, help="Seconds until it expires.")] = 3600,
) -> None:
    """Print a token for the embedded default, and nothing else."""
    if tenant is None and not OPERATOR_SCOPES.issuperset(scope.split() or [""]):
        fail("give --tenant: only a token with operator scopes alone may be for all tenants")
    settings = settings_of(data_dir=data_dir)
    key = settings.jwt_key
    try:
        minted = mint_token(
            key.get_secret_value().encode() if key else embedded_jwt_key(settings.data_dir),
            issuer=settings.jwt_issuer,
            audience=settings.jwt_audience,
            tenant=tenant,
            scopes=scope.split(),
            subject=subject,
            ttl=ttl,
            now=system_clock(),
        )
    except ValueError as error:
        fail(str(error))
    typer.echo(minted)


@app.command()
def status(
    admin_url: Annotated[
        str | None, typer.Option(help="URL of the admin port; this machine's if not given.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say whether a running Portico is ready, and what it has done, with the ledger of the last 24 hours.

    Exits 1 where it is not ready, or where the ledger has unexplained records.
    """
    settings = settings_of()
    url = admin_url or Address(settings.admin_host, settings.admin_port, tls=False).url
    try:
        seen = asyncio.run(read_status(url))
    except StatusError as error:
        fail(str(error))
    if as_json:
        print_json(seen.as_json())
    else:
        typer.echo("\n".join(seen.lines()))
        if seen.ledger:
            typer.echo("ledger of the last 24 hours, in records:")
            print_table(LEDGER_COLUMNS, seen.ledger_rows())
    if not seen.good:
        raise typer.Exit(1)


def _run(settings: Settings, main: Coroutine[Any, Any, None]) -> None:
    configure_logs(settings.log_level, settings.log_format)
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.get_loop().set_exception_handler(log_loop_fault)
            runner.run(main)
    except (SettingError, ListenError, StoreSetupError) as error:
        fail(str(error))
    except OSError as error:
        fail(f"cannot start: {error}")


def _loop_factory() -> Any:
    if sys.platform == "win32":
        return None
    import uvloop  # noqa: PLC0415 - there is none for Windows

    return uvloop.new_event_loop


def _announce(settings: Settings, gateway: Gateway, admin: Address) -> None:
    rest = gateway.rest.url
    grpc_host = settings.grpc_host or settings.host
    lines = [
        "Portico is up.",
        f"  REST   {rest}",
        f"  gRPC   {grpc_host}:{gateway.grpc.port}",
        f"  admin  {admin.url}",
    ]
    if settings.jwt_key is None and settings.jwt_algorithm == "HS256":
        lines += ["", "Try it:", _example(settings, rest)]
    typer.echo("\n".join(lines))


def _example(settings: Settings, rest: str) -> str:
    portico = Path(sys.argv[0])
    command = shlex.quote(portico.name if portico.parent.as_posix() == "." else portico.as_posix())
    data_dir = shlex.quote(settings.data_dir.as_posix())
    return f"""\
  TOKEN=$({command} token --tenant acme --scope od.crm --data-dir {data_dir})
  curl -i {rest}/v1/customer/customers:ingest \\
    -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" -H "Prefer: wait=10" \\
    -d '{{"customer": {{"id": "customer-123", "externalIds": ["app:123"], "name": "Maria Souza",
         "contacts": {{"email": "maria@example.com", "phone": "+55-11-99999-0000"}},
         "consent": {{"marketing": true}},
         "createdAt": "2026-03-01T10:00:00Z", "updatedAt": "2026-03-24T12:00:00Z"}}}}'"""
