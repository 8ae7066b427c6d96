"""Operators' logins by an OpenID provider, wired where the settings name one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cli.settings import Settings
from gateway.oidc.login import Client
from gateway.oidc.provider import OpenIdProvider
from gateway.operators import Operator, Operators, SignIn


@asynccontextmanager
async def login_provider(settings: Settings) -> AsyncIterator[OpenIdProvider | None]:
    """The provider; None where no setting names one."""
    issuer, client_id = settings.console_oidc_issuer, settings.console_oidc_client_id
    if issuer is None or client_id is None:
        yield None
        return
    secret = settings.console_oidc_client_secret
    client = Client(
        issuer=issuer,
        id=client_id,
        secret=None if secret is None else secret.get_secret_value(),
        scope=settings.console_oidc_scope,
        roles_claim=settings.console_oidc_scopes_claim,
    )
    async with OpenIdProvider(client) as provider:
        yield provider


def sign_in_of(operators: Operators, provider: OpenIdProvider | None) -> SignIn:
    """Who is let in at the console: by the provider's ID tokens, and by tokens good elsewhere in Portico."""

    async def sign_in(token: str) -> Operator:
        if provider is not None and provider.issued(token):
            return await provider.operator_of(token)
        return await operators.of_token(token)

    return sign_in
