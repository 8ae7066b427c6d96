"""Tokens, good and bad, signed as the stacks under test expect it."""

import time
from typing import Any

import jwt

from tests.support.portico import ALL_SCOPES, SECRETS


def minted(tenant: str = "acme", scope: str = ALL_SCOPES, *, key: str | None = None, **changes: Any) -> str:
    """A token with `changes` to its claims; a change to None leaves the claim out."""
    now = int(time.time())
    claims = {
        "iss": "portico",
        "aud": "portico",
        "sub": "a-test",
        "org": tenant,
        "scope": scope,
        "iat": now,
        "exp": now + 3600,
        **changes,
    }
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(kept, key or SECRETS["PORTICO_JWT_KEY"], algorithm="HS256")
