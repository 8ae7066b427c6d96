"""OAuth 2.0 clients: programs of a tenant that obtain their tokens here (RFC 6749 §4.4)."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from domain.errors import PermanentError
from domain.ingestion_id import base32

_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,100}")
_SECRET_BYTES = 32
_ID_BITS = 128


class ClientRuleError(PermanentError):
    """Something that cannot be done with a client, in words for whoever asked."""


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """A secret that was handed out, of which only the digest is kept."""

    digest: str
    created_at: int
    until: int | None = None
    """When it ends, in ms since the Unix epoch; None: with the next rotation."""


@dataclass(frozen=True, slots=True)
class Client:
    """A client of one tenant. All times in milliseconds since the Unix epoch."""

    id: str
    tenant: str
    name: str
    """What people call it."""
    scopes: frozenset[str]
    """All that its tokens may ever have."""
    secrets: tuple[ClientSecret, ...]
    """Newest first."""
    created_at: int
    rotated_at: int | None = None
    revoked_at: int | None = None
    revision: int = 1
    """Starts at 1, plus 1 a change."""

    def rotated(self, secret: str, now: int, grace: int) -> "Client":
        """With `secret` as the newest; the one before it ends `grace` milliseconds from `now`.

        Raises ClientRuleError for a client that is revoked.
        """
        if self.revoked_at is not None:
            raise ClientRuleError("the client is revoked; add another one")
        newest = ClientSecret(digest_of(self.id, secret), now)
        until = now + grace
        # Two at most: one that is rotated out while an older one still runs takes its place.
        before = replace(self.secrets[0], until=until)
        return replace(self, secrets=(newest, before), rotated_at=now, revision=self.revision + 1)

    def revoked(self, now: int) -> "Client":
        """Without any secret, for ever. Revoked again it stays as it is."""
        if self.revoked_at is not None:
            return self
        return replace(self, secrets=(), revoked_at=now, revision=self.revision + 1)


class ClientStore(Protocol):
    """Clients. Every method may raise StoreUnavailableError."""

    async def get(self, client_id: str) -> Client | None:
        """The client of an id, of whatever tenant."""


def new_client(tenant: str, scopes: Iterable[str], name: str, secret: str, now: int) -> Client:
    """A client with an id that nobody has yet. Raises ClientRuleError for what is not a scope."""
    granted = frozenset(scopes)
    if not granted or not all(map(_SCOPE.fullmatch, granted)):
        raise ClientRuleError("a client needs scopes, each of visible ASCII characters without quotes")
    client_id = f"cli_{base32(secrets.randbits(_ID_BITS), _ID_BITS)}"
    first = ClientSecret(digest_of(client_id, secret), now)
    return Client(client_id, tenant, name, granted, (first,), now)


def new_secret() -> str:
    """A secret with 256 bits of entropy, in characters that need no escaping anywhere."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def digest_of(client_id: str, secret: str) -> str:
    """What is kept of a secret: HMAC-SHA-256 with the client's id as the key, in hex.

    No slow password hash: a secret is always 256 machine-made bits, so that no number of guesses
    is enough, and scrypt's time and memory would only serve whoever wants to keep the gateway busy.
    The key ties the digest to its client: copied to another one it opens nothing.
    """
    return hmac.digest(client_id.encode(), secret.encode(), hashlib.sha256).hex()


def accepts(client: Client | None, client_id: str, secret: str, now: int) -> bool:
    """Whether `secret` is one of the client's at `now`; takes the same work where there is no client."""
    digest = digest_of(client_id, secret)
    known: Sequence[ClientSecret] = () if client is None else client.secrets
    padded = [*known, _NONE, _NONE][:2]
    matches = [
        hmac.compare_digest(one.digest, digest) and (one.until is None or now < one.until) for one in padded
    ]
    return any(matches)


_NONE = ClientSecret("0" * 64, 0, until=0)
"""A secret that nobody has."""
