"""`portico token`: tokens for trying, and for operators of the embedded default."""

from typing import Annotated

import typer

from cli.terminal import DataDir, fail, settings_of
from cli.token_keys import embedded_jwt_key
from domain.clock import system_clock
from gateway.auth import mint_token
from gateway.operators import OPERATOR_SCOPES

app = typer.Typer()


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
