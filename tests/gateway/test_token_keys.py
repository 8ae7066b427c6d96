"""Which key opens which token: no confusion of keys, algorithms and issuers."""

import base64
import hashlib
import hmac
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from gateway.auth import Authenticator
from gateway.errors import AuthenticationError
from gateway.keyring import OwnKeys, key_id, new_signing_key
from gateway.keys import FixedKey
from tests.support.oauth import AUDIENCE, ISSUER, KEYS, NOW, SHARED, authenticator


def signed(key: Any, algorithm: str, kid: str | None, **changes: Any) -> str:
    """A bearer header with good claims, but for `changes`."""
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "s", "org": "acme", "exp": NOW // 1000 + 60, **changes}
    headers = {} if kid is None else {"kid": kid}
    return "Bearer " + jwt.encode(claims, key, algorithm=algorithm, headers=headers)


def forged(algorithm: str, kid: str, key: bytes) -> str:
    """A token that is "signed" by HMAC with any bytes, as PyJWT would refuse to."""
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "s", "org": "acme", "exp": NOW // 1000 + 60}
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")
        for part in ({"alg": algorithm, "kid": kid}, claims)
    ]
    signature = hmac.digest(key, b".".join(parts), hashlib.sha256) if key else b""
    return "Bearer " + b".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()


async def test_the_configured_key_goes_on_to_open() -> None:
    """With any key id that is not ours, or none."""
    for kid in (None, "other"):
        assert "s" == (await authenticator().authenticate(signed(SHARED, "HS256", kid))).subject


async def test_keys_and_algorithms_cannot_be_confused() -> None:
    """A token that names our key is ES256 by it, any other is HS256 by the shared secret."""
    own = json.dumps(KEYS.jwks()["keys"][0])
    kid = KEYS.jwks()["keys"][0]["kid"]
    public = await KEYS.key(kid)
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    stranger = ec.generate_private_key(ec.SECP256R1())
    tokens = [
        signed(SHARED, "HS256", kid),
        signed(stranger, "ES256", kid),
        signed(stranger, "ES256", "other"),
        signed(stranger, "ES256", None),
        signed(rsa.generate_private_key(65537, 2048), "RS256", kid),
        forged("HS256", kid, pem),
        forged("HS256", kid, own.encode()),
        forged("HS256", "other", pem),
        forged("none", kid, b""),
        forged("ES256", kid, SHARED),
        forged("ES256", "other", SHARED),
    ]

    for token in tokens:
        with pytest.raises(AuthenticationError):
            await authenticator().authenticate(token)


async def test_each_key_has_its_own_issuer() -> None:
    """Ours cannot speak for the configured one, nor the other way round."""
    claims = {"aud": AUDIENCE, "sub": "s", "org": "acme", "exp": NOW // 1000 + 60}
    elsewhere = Authenticator(
        FixedKey("HS256", SHARED), issuer="https://other", audience=AUDIENCE, own=KEYS, clock=lambda: NOW
    )

    assert "s" == (await elsewhere.authenticate(f"Bearer {KEYS.sign(claims)}")).subject
    assert "s" == (await elsewhere.authenticate(signed(SHARED, "HS256", None, iss="https://other"))).subject
    with pytest.raises(AuthenticationError):
        await elsewhere.authenticate(signed(SHARED, "HS256", None, iss=ISSUER))


async def test_a_key_is_changed_without_a_gap() -> None:
    """The first of two signs, both open, and both are published."""
    old, new = new_signing_key(), new_signing_key()
    before, between, after = (OwnKeys(pem, ISSUER) for pem in (old + new, new + old, new))
    claims = {"aud": AUDIENCE, "sub": "s", "org": "acme", "exp": NOW // 1000 + 60}

    for signer, verifier in ((before, between), (between, before), (between, after)):
        opened = Authenticator(
            FixedKey("HS256", SHARED), issuer="x", audience=AUDIENCE, own=verifier, clock=lambda: NOW
        )
        assert "s" == (await opened.authenticate(f"Bearer {signer.sign(claims)}")).subject
    assert [2, 2, 1] == [len(keys.jwks()["keys"]) for keys in (before, between, after)]


def pem_of(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, password: bytes | None = None) -> bytes:
    """A private key as PEM."""
    locked = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked)


@pytest.mark.parametrize(
    "pem",
    [
        b"",
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        pem_of(rsa.generate_private_key(65537, 2048)),
        pem_of(ec.generate_private_key(ec.SECP384R1())),
        pem_of(ec.generate_private_key(ec.SECP256R1()), b"password"),
        b"".join(new_signing_key() for _ in range(3)),
    ],
)
def test_keys_of_another_kind_are_refused(pem: bytes) -> None:
    """None, three, another curve or kind, or one behind a password."""
    with pytest.raises(ValueError, match=r"key|PEM|data"):
        OwnKeys(pem, ISSUER)


def test_a_key_is_named_by_its_thumbprint() -> None:
    """As RFC 7638 computes it."""
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    numbers = key.public_numbers()
    x, y = (
        base64.urlsafe_b64encode(one.to_bytes(32, "big")).decode().rstrip("=")
        for one in (numbers.x, numbers.y)
    )
    digest = hashlib.sha256(f'{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}'.encode()).digest()
    assert base64.urlsafe_b64encode(digest).decode().rstrip("=") == key_id(key)
