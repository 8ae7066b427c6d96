"""Who is calling: Bearer JWTs (RFC 6750, RFC 7519, RFC 8725) to principals (contracts A.5)."""

import hashlib
import math
import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import jwt

from domain.clock import Clock, system_clock
from gateway.errors import AuthenticationError, InsufficientScopeError
from gateway.keys import Key, KeySource
from gateway.scopes import grants

__all__ = [
    "AuthenticationError",
    "Authenticator",
    "InsufficientScopeError",
    "Principal",
    "mint_token",
    "require_scope",
]

_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SUBJECT = re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,200}")
_MAX_TOKEN = 8192
_CACHED_FOR = 30_000


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller, as a verified token names it."""

    subject: str
    tenant: str
    scopes: frozenset[str]


def require_scope(principal: Principal, scope: str) -> None:
    """Raises InsufficientScopeError where `principal` has no scope that grants `scope`."""
    if not grants(principal.scopes, scope):
        raise InsufficientScopeError(scope)


class Authenticator:
    """Verifies Bearer tokens of one issuer for one audience."""

    def __init__(
        self,
        keys: KeySource,
        *,
        issuer: str,
        audience: str,
        leeway: float = 5.0,
        cached_tokens: int = 4096,
        clock: Clock = system_clock,
    ) -> None:
        """`leeway`: seconds that clocks may differ; `cached_tokens`: how many verified tokens to
        remember, each until it expires and for 30 seconds at most (0: none)."""
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._leeway = leeway
        self._clock = clock
        self._verified = _VerifiedTokens(cached_tokens)

    async def authenticate(self, authorization_header: str | None) -> Principal:
        """The principal of an `Authorization` header's value.

        Raises AuthenticationError, and KeysUnavailableError where no key could be fetched yet.
        """
        token = _bearer_token(authorization_header)
        fingerprint = hashlib.sha256(token.encode()).digest()
        now = self._clock()
        principal = self._verified.get(fingerprint, now)
        if principal is None:
            claims = self._claims(token, await self._keys.key(_key_id(token)))
            expires_at = self._check_times(claims, now / 1000)
            principal = _principal(claims)
            self._verified.put(fingerprint, principal, min(expires_at, now + _CACHED_FOR))
        return principal

    def _claims(self, token: str, key: Key) -> Mapping[str, Any]:
        # The times are checked below, against the clock that this was given.
        options: Any = {
            "require": ["iss", "aud", "exp", "sub"],
            "verify_exp": False,
            "verify_nbf": False,
            "verify_iat": False,
        }
        try:
            return jwt.decode(
                token,
                key,
                algorithms=[self._keys.algorithm],
                issuer=self._issuer,
                audience=self._audience,
                options=options,
            )
        except jwt.PyJWTError as error:
            raise AuthenticationError(_reason(error)) from error
        except (ValueError, TypeError, RecursionError) as error:
            raise AuthenticationError("the token is malformed") from error

    def _check_times(self, claims: Mapping[str, Any], now: float) -> int:
        """Raises AuthenticationError; returns when the token ends, in ms since the epoch."""
        expires = _seconds(claims, "exp")
        if expires is None or now >= expires + self._leeway:
            raise AuthenticationError("the token has expired")
        for claim in ("nbf", "iat"):
            begins = _seconds(claims, claim)
            if begins is not None and now < begins - self._leeway:
                raise AuthenticationError("the token is not valid yet")
        return int((expires + self._leeway) * 1000)


class _VerifiedTokens:
    """Tokens that were verified a moment ago, the least recently used forgotten first."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._entries: OrderedDict[bytes, tuple[Principal, int]] = OrderedDict()

    def get(self, fingerprint: bytes, now: int) -> Principal | None:
        entry = self._entries.get(fingerprint)
        if entry is None:
            return None
        principal, until = entry
        if now >= until:
            del self._entries[fingerprint]
            return None
        self._entries.move_to_end(fingerprint)
        return principal

    def put(self, fingerprint: bytes, principal: Principal, until: int) -> None:
        self._entries[fingerprint] = (principal, until)
        if len(self._entries) > self._capacity:
            self._entries.popitem(last=False)


def mint_token(  # noqa: PLR0913 - each is a claim, or signs them
    key: bytes,
    *,
    issuer: str,
    audience: str,
    tenant: str,
    scopes: Iterable[str],
    subject: str,
    ttl: int,
    now: int,
) -> str:
    """An HS256 token for the embedded default; `ttl` in seconds, `now` in ms since the epoch.

    Raises ValueError for a tenant or subject that no surface would accept.
    """
    claims = {
        "iss": issuer,
        "aud": audience,
        "sub": subject,
        "org": tenant,
        "scope": " ".join(scopes),
        "iat": now // 1000,
        "exp": now // 1000 + ttl,
    }
    try:
        _principal(claims)
    except AuthenticationError as error:
        raise ValueError(error.reason) from error
    return jwt.encode(claims, key, algorithm="HS256")


def _bearer_token(header: str | None) -> str:
    scheme, _, token = (header or "").strip().partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise AuthenticationError("a bearer token is required", token_given=False)
    if len(token) > _MAX_TOKEN or not token.isascii():
        raise AuthenticationError("the token is malformed")
    return token


def _key_id(token: str) -> str | None:
    try:
        kid = jwt.get_unverified_header(token).get("kid")
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise AuthenticationError("the token is malformed") from error
    return kid if isinstance(kid, str) else None


def _principal(claims: Mapping[str, Any]) -> Principal:
    subject, tenant = claims.get("sub"), claims.get("org")
    if not isinstance(subject, str) or not _SUBJECT.fullmatch(subject):
        raise AuthenticationError("the token's sub claim is not a text of 1 to 200 characters")
    if not isinstance(tenant, str) or not _TENANT.fullmatch(tenant):
        raise AuthenticationError("the token's org claim is not a tenant")
    return Principal(subject, tenant, _scopes(claims.get("scope", "")))


def _scopes(claim: object) -> frozenset[str]:
    if isinstance(claim, str):
        return frozenset(claim.split())
    if isinstance(claim, list) and all(isinstance(scope, str) for scope in claim):
        return frozenset(claim)
    raise AuthenticationError("the token's scope claim is neither a text nor a list of texts")


def _seconds(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise AuthenticationError(f"the token's {name} claim is not a number")
    # Bounded, for a claim may be NaN, infinite or an integer that no float holds.
    if not (isinstance(value, int) or math.isfinite(value)) or abs(value) > 1e12:
        raise AuthenticationError(f"the token's {name} claim is out of range")
    return float(value)


def _reason(error: jwt.PyJWTError) -> str:
    match error:
        case jwt.MissingRequiredClaimError():
            return "the token lacks a claim that is required: iss, aud, exp and sub"
        case jwt.InvalidIssuerError():
            return "the token comes from another issuer"
        case jwt.InvalidAudienceError():
            return "the token is for another audience"
        case jwt.InvalidAlgorithmError():
            return "the token is signed with another algorithm"
        case jwt.InvalidSignatureError():
            return "the token's signature is wrong"
        case _:
            return "the token is malformed"
