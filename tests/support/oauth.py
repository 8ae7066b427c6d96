"""Keys of a token endpoint, and who believes them."""

from typing import Any

from gateway.auth import Authenticator
from gateway.keyring import OwnKeys, new_signing_key
from gateway.keys import FixedKey

NOW = 1_800_000_000_000
ISSUER, AUDIENCE = "https://portico.example", "portico"
SHARED = b"0123456789abcdef0123456789abcdef"
KEYS = OwnKeys(new_signing_key(), ISSUER)


def authenticator(**options: Any) -> Authenticator:
    """One whose other tokens are HS256 by a shared secret, of the same issuer."""
    return Authenticator(
        FixedKey("HS256", SHARED),
        issuer=ISSUER,
        audience=AUDIENCE,
        own=KEYS,
        clock=lambda: NOW,
        **options,
    )
