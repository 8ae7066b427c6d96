"""Keys from a JWKS URL: rotation, outages, and how often the URL is asked."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import jwt
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from gateway.auth import AuthenticationError, Authenticator
from gateway.errors import KeysUnavailableError
from gateway.keys import Algorithm, JwksKeys
from gateway.rest.server import serve

NOW = 1_800_000_000_000
FIRST, SECOND = (rsa.generate_private_key(65537, 2048) for _ in range(2))


def jwk(kid: str | None, key: Any = FIRST, **more: str) -> dict[str, Any]:
    """The public half of `key` as a JWK."""
    algorithm = RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else ECAlgorithm
    entry = json.loads(algorithm.to_jwk(key.public_key()))
    return {**entry, **({"kid": kid} if kid is not None else {}), "use": "sig", **more}


def bearer(kid: str | None, key: Any = FIRST) -> str:
    """A good token, signed by `key` and naming `kid`."""
    claims = {"iss": "i", "aud": "a", "sub": "s", "org": "acme", "exp": NOW // 1000 + 60}
    algorithm = "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256"
    return "Bearer " + jwt.encode(claims, key, algorithm=algorithm, headers={"kid": kid} if kid else {})


class Issuer:
    """A JWKS endpoint that really listens."""

    def __init__(self) -> None:
        self.keys: list[dict[str, Any]] = [jwk("first")]
        self.raw: bytes | None = None
        self.status = 200
        self.delay = 0.0
        self.asked = 0
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        """The key set, or what stands in for it."""
        self.asked += 1
        await asyncio.sleep(self.delay)
        body = self.raw if self.raw is not None else json.dumps({"keys": self.keys}).encode()
        return web.Response(status=self.status, body=body, headers={"Location": "/"})


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    """An issuer with one key, `first`."""
    issuer = Issuer()
    app = web.Application()
    app.router.add_get("/jwks", issuer.answer)
    async with serve(app, "127.0.0.1", 0) as address:
        issuer.url = f"{address.url}/jwks"
        yield issuer


class Clock:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """The time."""
        return self.now


@asynccontextmanager
async def trusting(
    url: str, clock: Clock | None = None, algorithm: Algorithm = "RS256", timeout: float = 2.0
) -> AsyncIterator[Authenticator]:
    """An authenticator with the keys of `url`, which remembers no token."""
    keys = JwksKeys(algorithm, url, ttl=300, min_interval=30, timeout=timeout, clock=clock or Clock())
    async with keys:
        yield Authenticator(keys, issuer="i", audience="a", cached_tokens=0, clock=lambda: NOW)


async def test_the_keys_are_fetched_once_for_all_who_wait(issuer: Issuer) -> None:
    """A hundred first requests at once make one request to the issuer."""
    issuer.delay = 0.05
    async with trusting(issuer.url) as subject:
        principals = await asyncio.gather(*(subject.authenticate(bearer("first")) for _ in range(100)))
    assert {"acme"} == {principal.tenant for principal in principals}
    assert 1 == issuer.asked


async def test_a_rotated_key_is_found_and_the_old_one_ends(issuer: Issuer) -> None:
    """A token that names an unknown key makes the set be fetched anew."""
    clock = Clock()
    async with trusting(issuer.url, clock) as subject:
        await subject.authenticate(bearer("first"))
        issuer.keys = [jwk("second", SECOND)]
        clock.now += 31
        assert "acme" == (await subject.authenticate(bearer("second", SECOND))).tenant
        with pytest.raises(AuthenticationError):
            await subject.authenticate(bearer("first"))


async def test_invented_key_ids_do_not_hammer_the_issuer(issuer: Issuer) -> None:
    """However many tokens name unknown keys, the URL is asked once in the interval."""
    clock = Clock()
    async with trusting(issuer.url, clock) as subject:
        await subject.authenticate(bearer("first"))
        clock.now += 31
        for number in range(50):
            with pytest.raises(AuthenticationError):
                await subject.authenticate(bearer(f"invented{number}"))
    assert 2 == issuer.asked


async def test_the_set_is_fetched_again_when_it_is_old(issuer: Issuer) -> None:
    """A key that the issuer withdrew ends with the set's time to live."""
    clock = Clock()
    async with trusting(issuer.url, clock) as subject:
        await subject.authenticate(bearer("first"))
        issuer.keys = [jwk("second", SECOND)]
        clock.now += 301
        with pytest.raises(AuthenticationError):
            await subject.authenticate(bearer("first"))


@pytest.mark.parametrize(
    ("status", "raw"),
    [(500, None), (302, None), (200, b"no JSON"), (200, b'{"keys": 5}'), (200, b"[]"), (200, b" " * 300_000)],
)
async def test_the_known_keys_serve_while_the_issuer_is_away(
    issuer: Issuer, status: int, raw: bytes | None
) -> None:
    """An issuer that fails, redirects or answers nonsense does not take the gateway with it."""
    clock = Clock()
    async with trusting(issuer.url, clock) as subject:
        await subject.authenticate(bearer("first"))
        issuer.status, issuer.raw = status, raw
        for _ in range(3):
            clock.now += 301
            assert "acme" == (await subject.authenticate(bearer("first"))).tenant


async def test_a_slow_issuer_holds_nobody_up_twice(issuer: Issuer) -> None:
    """After one fetch that failed the next ones run in the background."""
    clock = Clock()
    async with trusting(issuer.url, clock, timeout=0.1) as subject:
        await subject.authenticate(bearer("first"))
        issuer.delay = 0.3
        clock.now += 301
        await subject.authenticate(bearer("first"))
        clock.now += 301
        started = asyncio.get_running_loop().time()
        await subject.authenticate(bearer("first"))
        assert asyncio.get_running_loop().time() - started < 0.05


async def test_without_any_key_the_answer_is_not_now() -> None:
    """It is no fault of the token that nobody can verify it yet."""
    async with trusting("http://127.0.0.1:9/jwks") as subject:
        with pytest.raises(KeysUnavailableError):
            await subject.authenticate(bearer("first"))


async def test_a_caller_that_is_cancelled_leaves_the_fetch_to_the_others(issuer: Issuer) -> None:
    """One impatient caller does not fail its neighbours."""
    issuer.delay = 0.05
    async with trusting(issuer.url) as subject:
        impatient = asyncio.ensure_future(subject.authenticate(bearer("first")))
        patient = asyncio.ensure_future(subject.authenticate(bearer("first")))
        await asyncio.sleep(0.01)
        impatient.cancel()
        assert "acme" == (await patient).tenant
        with pytest.raises(asyncio.CancelledError):
            await impatient


async def test_only_signing_keys_of_the_configured_algorithm_count(issuer: Issuer) -> None:
    """Keys for encryption, of other algorithms, too short, secret or broken are passed over."""
    weak = rsa.generate_private_key(65537, 1024)
    issuer.keys = [
        jwk("first", use="enc"),
        jwk("first", alg="RS512"),
        jwk("weak", weak),
        jwk("curve", ec.generate_private_key(ec.SECP256R1())),
        {"kty": "oct", "k": "c2VjcmV0", "kid": "shared"},
        {"kty": "RSA", "kid": "broken"},
        {"kty": "RSA", "kid": "broken", "n": 5, "e": "!"},
        {},
        jwk("good"),
    ]
    async with trusting(issuer.url) as subject:
        assert "acme" == (await subject.authenticate(bearer("good"))).tenant
        for kid in ("first", "shared", "broken", "nowhere"):
            with pytest.raises(AuthenticationError):
                await subject.authenticate(bearer(kid))


async def test_a_token_without_a_key_id_takes_the_only_key(issuer: Issuer) -> None:
    """With several keys it has to say which."""
    clock = Clock()
    async with trusting(issuer.url, clock) as subject:
        assert "acme" == (await subject.authenticate(bearer(None))).tenant
        issuer.keys = [jwk("first"), jwk("second", SECOND)]
        clock.now += 301
        with pytest.raises(AuthenticationError):
            await subject.authenticate(bearer(None))


async def test_elliptic_curve_keys_work_too(issuer: Issuer) -> None:
    """ES256 by a JWKS URL."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer.keys = [jwk("curve", key), jwk("other", ec.generate_private_key(ec.SECP384R1()))]
    async with trusting(issuer.url, algorithm="ES256") as subject:
        assert "acme" == (await subject.authenticate(bearer("curve", key))).tenant


def test_a_shared_secret_has_no_url() -> None:
    """HS256 with published keys would let anybody sign."""
    with pytest.raises(ValueError, match="HS256"):
        JwksKeys("HS256", "http://127.0.0.1/jwks")
