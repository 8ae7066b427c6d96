"""Portico's own keys: the one it signs tokens with, and the one before it or after it (RFC 7517)."""

import base64
import hashlib
import re
from collections.abc import Mapping
from typing import Any, Literal

import jwt
import orjson
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from gateway.errors import AuthenticationError

_PEM = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----.+?-----END [A-Z ]*PRIVATE KEY-----", re.DOTALL)
_MOST = 2


def new_signing_key() -> bytes:
    """A new private key for ES256, as PEM."""
    key = generate_private_key(SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


class OwnKeys:
    """One or two private keys for ES256, by key id (gateway.keys.KeySource).

    The first signs. Tokens signed by either are let in, and both are published: a new key is put
    second until every process and every verifier knows it, then first, and the old one is dropped
    when its last token has expired.
    """

    algorithm: Literal["ES256"] = "ES256"

    def __init__(self, pem: bytes, issuer: str) -> None:
        """`pem` holds the keys one after another; `issuer` is the `iss` of their tokens.

        Raises ValueError for anything but one or two unencrypted keys on the curve P-256.
        """
        keys = [_private_key(one) for one in _PEM.findall(pem)]
        if not 1 <= len(keys) <= _MOST:
            raise ValueError("one or two private keys are needed")
        self.issuer = issuer
        self._signing = keys[0]
        self._public = {key_id(key.public_key()): key.public_key() for key in keys}
        self._signing_id = key_id(keys[0].public_key())

    def knows(self, kid: str | None) -> bool:
        """Whether `kid` names one of these."""
        return kid in self._public

    async def key(self, kid: str | None) -> EllipticCurvePublicKey:
        """The public key named `kid`. Raises AuthenticationError."""
        if kid is None or kid not in self._public:
            raise AuthenticationError("the token is signed with an unknown key")
        return self._public[kid]

    def sign(self, claims: Mapping[str, Any]) -> str:
        """A token with `claims` and our `iss` (RFC 9068)."""
        headers = {"kid": self._signing_id, "typ": "at+jwt"}
        named = {**claims, "iss": self.issuer}
        return jwt.encode(named, self._signing, algorithm=self.algorithm, headers=headers)

    def jwks(self) -> dict[str, Any]:
        """The public keys, as a JWK set."""
        facts = {"use": "sig", "alg": self.algorithm}
        return {"keys": [{**_jwk(key), **facts, "kid": kid} for kid, key in self._public.items()]}


def key_id(key: EllipticCurvePublicKey) -> str:
    """The thumbprint of a key (RFC 7638): no other key has it, whoever names it."""
    return _base64url(hashlib.sha256(orjson.dumps(_jwk(key), option=orjson.OPT_SORT_KEYS)).digest())


def _jwk(key: EllipticCurvePublicKey) -> dict[str, str]:
    point = key.public_numbers()
    x, y = (_base64url(number.to_bytes(32, "big")) for number in (point.x, point.y))
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y}


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _private_key(pem: bytes) -> EllipticCurvePrivateKey:
    try:
        key = load_pem_private_key(pem, password=None)
    except (TypeError, UnsupportedAlgorithm) as error:
        raise ValueError("a private key is encrypted, or of an unknown kind") from error
    if isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP256R1):
        return key
    raise ValueError("a private key is not one for ES256")
