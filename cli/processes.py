"""`portico up`, `gateway` and `ingestor`: the commands that run until a signal."""

import asyncio
import shlex
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.errors import ListenError, SettingError
from cli.gateway_parts import Gateway
from cli.logs import configure_logs, log_loop_fault
from cli.run import run_gateway, run_ingestor, run_up
from cli.settings import Settings
from cli.terminal import DataDir, fail, settings_of
from gateway.rest.server import Address
from storage.errors import StoreSetupError

app = typer.Typer()


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
        f"  REST     {rest}  (all operations: {rest}/docs)",
        f"  gRPC     {grpc_host}:{gateway.grpc.port}",
        f"  admin    {admin.url}",
        f"  console  {admin.url}/console",
    ]
    if settings.jwt_key is None and settings.jwt_algorithm == "HS256":
        lines += ["", "Sign in at the console with what this prints:", _sign_in(settings)]
        lines += ["", "Try it:", _example(settings, rest)]
    typer.echo("\n".join(lines))


def _token(settings: Settings, *options: str) -> str:
    """The command that prints a token, as it is typed where this one was."""
    portico = Path(sys.argv[0])
    command = portico.name if portico.parent.as_posix() == "." else portico.as_posix()
    return shlex.join([command, "token", *options, "--data-dir", settings.data_dir.as_posix()])


def _sign_in(settings: Settings) -> str:
    return "  " + _token(settings, "--scope", "operator.repair operator.replay")


def _example(settings: Settings, rest: str) -> str:
    return f"""\
  TOKEN=$({_token(settings, "--tenant", "acme", "--scope", "od.crm")})
  curl -i {rest}/v1/customer/customers:ingest \\
    -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" -H "Prefer: wait=10" \\
    -d '{{"customer": {{"id": "customer-123", "externalIds": ["app:123"], "name": "Maria Souza",
         "contacts": {{"email": "maria@example.com", "phone": "+55-11-99999-0000"}},
         "consent": {{"marketing": true}},
         "createdAt": "2026-03-01T10:00:00Z", "updatedAt": "2026-03-24T12:00:00Z"}}}}'"""
