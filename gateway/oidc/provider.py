"""An OpenID provider whom operators log in with, and who is known by its ID tokens.

An ID token is always a JWT, and is made for Portico's own client. Its access tokens are made for
others, and need not be JWTs.
"""

import asyncio
import hmac
import time
from contextlib import AsyncExitStack
from typing import Any, Self

import aiohttp
import jwt

from gateway.auth import Authenticator
from gateway.errors import AuthenticationError, ProviderUnavailableError
from gateway.keys import JwksKeys
from gateway.oidc.discovery import Discovered, ask, discover
from gateway.oidc.login import Attempt, Client
from gateway.operators import Operator, Operators

_TIMEOUT = aiohttp.ClientTimeout(total=5)
_PAUSE = 5.0
"""Seconds after a discovery that failed in which the provider is not asked again."""


class OpenIdProvider:
    """Sends operators to the provider, and knows them when they return. Open with `async with`.

    It is asked where it has what when that is first needed, and until it has answered once.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._stack = AsyncExitStack()
        self._gate = asyncio.Lock()
        self._found: tuple[Discovered, Operators] | None = None
        self._failed_at = float("-inf")

    async def __aenter__(self) -> Self:
        """Open the HTTP session; nothing is asked yet."""
        session = aiohttp.ClientSession(timeout=_TIMEOUT, trust_env=False)
        self._session = await self._stack.enter_async_context(session)
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close it."""
        await self._stack.aclose()

    def issued(self, token: str) -> bool:
        """Whether `token`, not verified yet, says that it is an ID token for Portico's client."""
        try:
            claims = _claims(token)
        except (jwt.PyJWTError, ValueError, RecursionError):
            return False
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        return claims.get("iss") == self._client.issuer and self._client.id in audiences

    async def operator_of(self, token: str) -> Operator:
        """The operator of an ID token (gateway.operators.SignIn). Raises ProviderUnavailableError, too."""
        _, operators = await self._discovered()
        return await operators.of_token(token)

    async def login_url(self, attempt: Attempt) -> str:
        """Where a browser logs in. Raises ProviderUnavailableError."""
        found, _ = await self._discovered()
        mark = "&" if "?" in found.authorization_endpoint else "?"
        return f"{found.authorization_endpoint}{mark}{attempt.query(self._client)}"

    async def redeem(self, code: str, attempt: Attempt) -> str:
        """The ID token, verified, for a code that the provider gave in `attempt`.

        Raises AuthenticationError, InsufficientScopeError for one who is no operator, and
        ProviderUnavailableError.
        """
        found, operators = await self._discovered()
        token = await self._exchange(found, code, attempt)
        await operators.of_token(token)
        claims = _claims(token)  # of a token that is verified by now
        if not hmac.compare_digest(str(claims.get("nonce")).encode(), attempt.nonce.encode()):
            raise AuthenticationError("the ID token belongs to another login")
        if claims.get("azp", self._client.id) != self._client.id:
            raise AuthenticationError("the ID token was made for another client")
        return token

    async def _exchange(self, found: Discovered, code: str, attempt: Attempt) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": attempt.redirect_uri,
            "client_id": self._client.id,
            "code_verifier": attempt.verifier,
        }
        headers = {}
        if self._client.secret is not None and found.posts_secret:
            form["client_secret"] = self._client.secret
        elif self._client.secret is not None:
            headers["Authorization"] = self._client.authorization()
        status, answer = await ask(self._session, "POST", found.token_endpoint, data=form, headers=headers)
        if status >= 500:
            raise ProviderUnavailableError("the login provider failed")
        token = answer.get("id_token")
        if status != 200 or not isinstance(token, str) or not self.issued(token):
            raise AuthenticationError("the login provider gave no ID token")
        return token

    async def _discovered(self) -> tuple[Discovered, Operators]:
        async with self._gate:
            if self._found is None:
                self._found = await self._discover()
            return self._found

    async def _discover(self) -> tuple[Discovered, Operators]:
        if time.monotonic() - self._failed_at < _PAUSE:
            raise ProviderUnavailableError("the login provider was away a moment ago")
        try:
            found = await discover(self._session, self._client.issuer)
        except ProviderUnavailableError:
            self._failed_at = time.monotonic()
            raise
        authenticator = Authenticator(
            await self._stack.enter_async_context(JwksKeys(found.algorithm, found.jwks_uri)),
            issuer=self._client.issuer,
            audience=self._client.id,
            scope_claim=self._client.roles_claim,
        )
        return found, Operators(authenticator)


def _claims(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims
