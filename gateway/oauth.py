"""Issuing tokens to clients by their own credentials (RFC 6749 §4.4)."""

import secrets
from collections import OrderedDict
from collections.abc import Set
from typing import NamedTuple

import structlog

from domain.clients import Client, ClientStore, accepts, digest_of
from domain.clock import Clock
from domain.errors import PermanentError, TransientError
from gateway.errors import RateLimitedError
from gateway.keyring import OwnKeys
from gateway.limits import FailureLimiter
from gateway.scopes import grants

_log = structlog.get_logger(__name__)

_LONGEST_CREDENTIAL = 200
_REMEMBERED = 10_000


class InvalidClientError(PermanentError):
    """There is no such client, or the secret is not his: nobody is told which."""


class InvalidScopeError(PermanentError):
    """A scope was asked for that the client does not have."""


class IssuedToken(NamedTuple):
    """A token for a client."""

    token: str
    expires_in: int
    """Seconds."""
    scope: str
    """What it grants, with spaces between."""


class TokenIssuer:
    """Checks clients' credentials and signs their tokens."""

    def __init__(
        self,
        clients: ClientStore,
        keys: OwnKeys,
        *,
        audience: str,
        seconds: int,
        failures: FailureLimiter,
        clock: Clock,
    ) -> None:
        """`seconds`: how long a token lives; `failures`: how often a client id may fail."""
        self._clients = clients
        self._keys = keys
        self._audience = audience
        self._seconds = seconds
        self._failures = failures
        self._clock = clock
        self._accepted: OrderedDict[str, str] = OrderedDict()

    async def issue(self, client_id: str, secret: str, scope: str | None) -> IssuedToken:
        """A token with `scope` (names with spaces between), or with all that the client may have.

        Raises InvalidClientError, InvalidScopeError, RateLimitedError and StoreUnavailableError.
        """
        client = await self._authenticated(client_id, secret)
        asked = sorted(set(scope.split())) if scope else sorted(client.scopes)
        _check_scopes(asked, client.scopes)
        now = self._clock() // 1000
        granted = " ".join(asked)
        claims = {
            "aud": self._audience,
            "sub": client.id,
            "client_id": client.id,
            "org": client.tenant,
            "scope": granted,
            "iat": now,
            "exp": now + self._seconds,
            "jti": secrets.token_urlsafe(16),
        }
        _log.info("token_issued", client=client.id, tenant=client.tenant, scope=granted)
        return IssuedToken(self._keys.sign(claims), self._seconds, granted)

    async def _authenticated(self, client_id: str, secret: str) -> Client:
        if max(len(client_id), len(secret)) > _LONGEST_CREDENTIAL:
            raise InvalidClientError("the client's credentials are wrong")
        digest = digest_of(client_id, secret)
        counted = self._count(client_id, digest)
        try:
            client = await self._clients.get(client_id)
        except TransientError:
            self._forgive(client_id, counted)
            raise
        if not accepts(client, client_id, secret, self._clock()) or client is None:
            raise InvalidClientError("the client's credentials are wrong")
        self._forgive(client_id, counted)
        self._remember(client_id, digest)
        return client

    def _count(self, client_id: str, digest: str) -> bool:
        """Count the attempt; False where it needs none.

        Whoever fails under another's id must not lock that client out: a secret that was right a
        moment ago is looked up again whatever the count.
        """
        try:
            self._failures.begin(client_id)
        except RateLimitedError:
            if not secrets.compare_digest(self._accepted.get(client_id, ""), digest):
                raise
            return False
        return True

    def _forgive(self, client_id: str, counted: bool) -> None:
        if counted:
            self._failures.forgive(client_id)

    def _remember(self, client_id: str, digest: str) -> None:
        self._accepted[client_id] = digest
        self._accepted.move_to_end(client_id)
        if len(self._accepted) > _REMEMBERED:
            self._accepted.popitem(last=False)


def _check_scopes(asked: list[str], granted: Set[str]) -> None:
    if not asked or not all(grants(granted, scope) for scope in asked):
        raise InvalidScopeError("the client does not have every scope that it asks for")
