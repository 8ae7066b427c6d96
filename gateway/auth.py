"""Who is calling: Bearer JWTs (RFC 6750, RFC 7519, RFC 8725) to principals (contracts A.5)."""

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any

import jwt

from domain.clock import Clock, system_clock
from gateway.claims import Caller, Principal, caller_of, check_times
from gateway.errors import AuthenticationError, InsufficientScopeError
from gateway.keyring import OwnKeys
from gateway.keys import Algorithm, Key, KeySource
from gateway.scopes import grants

__all__ = [
    "AuthenticationError",
    "Authenticator",
    "InsufficientScopeError",
    "Principal",
    "mint_token",
    "require_scope",
]

_MAX_TOKEN = 8192
_CACHED_FOR = 30_000


def require_scope(principal: Principal, scope: str) -> None:
    """Raises InsufficientScopeError where `principal` has no scope that grants `scope`."""
    if not grants(principal.scopes, scope):
        raise InsufficientScopeError(scope)


class Authenticator:
    """Verifies Bearer tokens of one issuer, and those that Portico issues, for one audience."""

    def __init__(  # noqa: PLR0913 - each says what a token may be, or bounds what it costs
        self,
        keys: KeySource,
        *,
        issuer: str,
        audience: str,
        scope_claim: str = "scope",
        own: OwnKeys | None = None,
        leeway: float = 5.0,
        cached_tokens: int = 4096,
        clock: Clock = system_clock,
    ) -> None:
        """`own`: keys that Portico signs tokens with itself. A token that names one of them is held
        to its issuer and algorithm, any other to `issuer` and the algorithm of `keys`. `scope_claim`:
        what holds a caller's scopes.

        `leeway`: seconds that clocks may differ; `cached_tokens`: how many verified tokens to
        remember, each until it expires and for 30 seconds at most (0: none).
        """
        self._keys = keys
        self._own = own
        self._issuer = issuer
        self._audience = audience
        self._scope_claim = scope_claim
        self._leeway = leeway
        self._clock = clock
        self._verified = _VerifiedTokens(cached_tokens)

    async def authenticate(self, authorization_header: str | None) -> Principal:
        """The principal of an `Authorization` header's value, who is of a tenant.

        Raises AuthenticationError, and KeysUnavailableError where no key could be fetched yet.
        """
        return (await self.caller(authorization_header)).principal()

    async def caller(self, authorization_header: str | None) -> Caller:
        """The caller of an `Authorization` header's value, of a tenant or of none. Raises as above."""
        token = _bearer_token(authorization_header)
        fingerprint = hashlib.sha256(token.encode()).digest()
        now = self._clock()
        caller = self._verified.get(fingerprint, now)
        if caller is None:
            claims = await self._claims(token)
            expires_at = check_times(claims, now / 1000, self._leeway)
            caller = caller_of(claims, self._scope_claim)
            self._verified.put(fingerprint, caller, min(expires_at, now + _CACHED_FOR))
        return caller

    async def _claims(self, token: str) -> Mapping[str, Any]:
        kid = _key_id(token)
        if self._own is not None and self._own.knows(kid):
            return self._verify(token, await self._own.key(kid), self._own.algorithm, self._own.issuer)
        return self._verify(token, await self._keys.key(kid), self._keys.algorithm, self._issuer)

    def _verify(self, token: str, key: Key, algorithm: Algorithm, issuer: str) -> Mapping[str, Any]:
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
                algorithms=[algorithm],
                issuer=issuer,
                audience=self._audience,
                options=options,
            )
        except jwt.PyJWTError as error:
            raise AuthenticationError(_reason(error)) from error
        except (ValueError, TypeError, RecursionError) as error:
            raise AuthenticationError("the token is malformed") from error


class _VerifiedTokens:
    """Tokens that were verified a moment ago, the least recently used forgotten first."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._entries: OrderedDict[bytes, tuple[Caller, int]] = OrderedDict()

    def get(self, fingerprint: bytes, now: int) -> Caller | None:
        entry = self._entries.get(fingerprint)
        if entry is None:
            return None
        caller, until = entry
        if now >= until:
            del self._entries[fingerprint]
            return None
        self._entries.move_to_end(fingerprint)
        return caller

    def put(self, fingerprint: bytes, caller: Caller, until: int) -> None:
        self._entries[fingerprint] = (caller, until)
        if len(self._entries) > self._capacity:
            self._entries.popitem(last=False)


def mint_token(  # noqa: PLR0913 - each is a claim, or signs them
    key: bytes,
    *,
    issuer: str,
    audience: str,
    tenant: str | None,
    scopes: Iterable[str],
    subject: str,
    ttl: int,
    now: int,
) -> str:
    """An HS256 token for the embedded default; `ttl` in seconds, `now` in ms since the epoch.

    `tenant` None: for an operator of all tenants, whom no other surface takes.

    Raises ValueError for a tenant or subject that no surface would accept.
    """
    claims = {
        "iss": issuer,
        "aud": audience,
        "sub": subject,
        **({} if tenant is None else {"org": tenant}),
        "scope": " ".join(scopes),
        "iat": now // 1000,
        "exp": now // 1000 + ttl,
    }
    try:
        caller_of(claims)
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
