"""Keys that tokens are verified with: one that is configured, or a JWKS URL's (RFC 7517)."""

import asyncio
import time
from collections.abc import Callable
from contextvars import Context
from typing import Any, Literal, Protocol, Self

import aiohttp
import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from gateway.errors import AuthenticationError, KeysUnavailableError

Algorithm = Literal["HS256", "RS256", "ES256"]
Key = bytes | RSAPublicKey | EllipticCurvePublicKey

_MIN_SECRET_BYTES = 32
_MIN_RSA_BITS = 2048
_MAX_JWKS_BYTES = 256 * 1024


class KeySource(Protocol):
    """Where the key of a token comes from. The algorithm is the source's, never the token's."""

    @property
    def algorithm(self) -> Algorithm:
        """The one algorithm that tokens may be signed with."""

    async def key(self, kid: str | None) -> Key:
        """The key named `kid`. Raises AuthenticationError, KeysUnavailableError."""


class FixedKey:
    """One configured key: a shared secret for HS256, a PEM public key for RS256 and ES256."""

    def __init__(self, algorithm: Algorithm, key: bytes) -> None:
        """Raises ValueError where `key` does not fit `algorithm`, or is too short for it.

        A PEM is never taken as a shared secret: whoever has the public key could sign with it.
        """
        self.algorithm = algorithm
        self._key = _secret(key) if algorithm == "HS256" else _public_key(algorithm, key)

    async def key(self, kid: str | None) -> Key:
        """The key, whatever the token calls it."""
        return self._key


class JwksKeys:
    """The keys of a JWKS URL, fetched when needed, kept when the URL is away.

    Open with `async with`. Fetches are shared by all who wait, and at least `min_interval`
    seconds apart, so that tokens with invented key ids cannot hammer the URL. After a fetch that
    failed, the keys known so far serve and the next fetch runs in the background.
    """

    def __init__(
        self,
        algorithm: Algorithm,
        url: str,
        *,
        ttl: float = 300.0,
        min_interval: float = 30.0,
        timeout: float = 3.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """All times in seconds; `clock` is monotonic. Raises ValueError for HS256."""
        if algorithm == "HS256":
            raise ValueError("a JWKS URL publishes its keys: HS256 would let anybody sign")
        self.algorithm = algorithm
        self._url = url
        self._ttl = ttl
        self._min_interval = min_interval
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._clock = clock
        self._keys: dict[str | None, Key] = {}
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")
        self._failing = False
        self._fetching: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Open the HTTP session; nothing is fetched yet."""
        self._session = aiohttp.ClientSession(timeout=self._timeout, trust_env=False)
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Stop a fetch that runs, close the session."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.gather(self._fetching, return_exceptions=True)
        await self._session.close()

    async def key(self, kid: str | None) -> Key:
        """The key named `kid`; without a name the only key there is."""
        if self._clock() - self._fetched_at > self._ttl:
            await self._refresh(wait=not (self._failing and self._keys))
        if (key := self._find(kid)) is None:
            await self._refresh(wait=True)
            key = self._find(kid)
        if key is not None:
            return key
        if not self._keys:
            raise KeysUnavailableError("the keys to verify tokens with could not be fetched")
        raise AuthenticationError("the token is signed with an unknown key")

    def _find(self, kid: str | None) -> Key | None:
        if kid is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(kid)

    async def _refresh(self, *, wait: bool) -> None:
        if self._fetching is None and self._clock() - self._tried_at >= self._min_interval:
            self._tried_at = self._clock()
            self._fetching = asyncio.create_task(self._fetch(), context=Context())
        if self._fetching is not None and wait:
            # A caller that is cancelled must not end the fetch that others wait for.
            await asyncio.shield(self._fetching)

    async def _fetch(self) -> None:
        try:
            keys = _usable_keys(self.algorithm, await self._download())
            self._failing = not keys
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            keys, self._failing = {}, True
        finally:
            self._fetching = None
        if keys:
            self._keys, self._fetched_at = keys, self._clock()

    async def _download(self) -> bytes:
        async with self._session.get(self._url, allow_redirects=False) as response:
            if response.status != 200:
                raise ValueError(f"the JWKS URL answered {response.status}")
            document = b""
            async for chunk in response.content.iter_chunked(16 * 1024):
                document += chunk
                if len(document) > _MAX_JWKS_BYTES:
                    raise ValueError("the JWKS document is too large")
            return document


def _secret(key: bytes) -> bytes:
    if len(key) < _MIN_SECRET_BYTES:
        raise ValueError(f"an HS256 key needs at least {_MIN_SECRET_BYTES} bytes")
    if b"-----BEGIN" in key:
        raise ValueError("an HS256 key must not be a PEM")
    return key


def _public_key(algorithm: Algorithm, pem: bytes) -> Key:
    key = load_pem_public_key(pem)
    if not _fits(algorithm, key):
        raise ValueError(f"the PEM holds no public key for {algorithm}")
    return key  # type: ignore[return-value]


def _fits(algorithm: Algorithm, key: object) -> bool:
    if algorithm == "RS256":
        return isinstance(key, RSAPublicKey) and key.key_size >= _MIN_RSA_BITS
    return isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1)


def _usable_keys(algorithm: Algorithm, document: bytes) -> dict[str | None, Key]:
    """The signing keys for `algorithm` by key id; others in the set are none of our business."""
    loaded = orjson.loads(document)
    entries = loaded.get("keys") if isinstance(loaded, dict) else None
    keys: dict[str | None, Key] = {}
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and (key := _usable_key(algorithm, entry)) is not None:
            kid = entry.get("kid")
            keys[kid if isinstance(kid, str) else None] = key
    return keys


def _usable_key(algorithm: Algorithm, entry: dict[str, Any]) -> Key | None:
    if entry.get("use", "sig") != "sig" or entry.get("alg", algorithm) != algorithm:
        return None
    try:
        key = jwt.PyJWK(entry, algorithm=algorithm).key
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    return key if _fits(algorithm, key) else None
