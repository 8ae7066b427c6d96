"""What one login is made of: Portico as the provider knows it, and what ties its answers to a browser."""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from urllib.parse import quote, urlencode


@dataclass(frozen=True, slots=True)
class Client:
    """Portico as the provider knows it."""

    issuer: str
    """The provider's issuer identifier."""
    id: str
    secret: str | None
    """None for a public client, whom PKCE alone protects."""
    scope: str
    """What is asked for, `openid` among it."""
    roles_claim: str
    """The claim of the ID token that holds the operator's roles."""

    def authorization(self) -> str:
        """The header that proves who asks, where there is a secret (RFC 6749 §2.3.1)."""
        pair = f"{quote(self.id, safe='')}:{quote(self.secret or '', safe='')}"
        return f"Basic {base64.b64encode(pair.encode()).decode()}"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One login, all of it derived from a secret that the browser keeps."""

    secret: str
    redirect_uri: str
    """Where the provider sends the browser back to."""

    @property
    def state(self) -> str:
        """Ties the provider's answer to the browser."""
        return self._derived("state")

    @property
    def nonce(self) -> str:
        """Ties the ID token to this login."""
        return self._derived("nonce")

    @property
    def verifier(self) -> str:
        """Ties the code to this login (PKCE, RFC 7636)."""
        return self._derived("verifier")

    def query(self, client: Client) -> str:
        """What the provider's authorization endpoint is asked."""
        challenge = hashlib.sha256(self.verifier.encode()).digest()
        return urlencode(
            {
                "response_type": "code",
                "client_id": client.id,
                "redirect_uri": self.redirect_uri,
                "scope": client.scope,
                "state": self.state,
                "nonce": self.nonce,
                "code_challenge": _base64url(challenge),
                "code_challenge_method": "S256",
            }
        )

    def _derived(self, purpose: str) -> str:
        return _base64url(hmac.digest(self.secret.encode(), purpose.encode(), hashlib.sha256))


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
