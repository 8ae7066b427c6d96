"""The keys of tokens: those that are verified with, and those that Portico issues its own with."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from cli.errors import SettingError
from cli.keys import own_key
from cli.settings import Settings
from gateway.keyring import OwnKeys, new_signing_key
from gateway.keys import Algorithm, FixedKey, JwksKeys, KeySource


def embedded_jwt_key(data_dir: Path) -> bytes:
    """The key that the embedded default signs and verifies its tokens with."""
    return own_key(data_dir, "jwt.key")


@asynccontextmanager
async def token_keys(settings: Settings, *, embedded: bool) -> AsyncIterator[KeySource]:
    """The keys that the settings name; with `embedded` the embedded default's own if they name none."""
    algorithm = settings.jwt_algorithm
    if settings.jwt_jwks_url is not None:
        async with JwksKeys(algorithm, settings.jwt_jwks_url) as keys:
            yield keys
    elif settings.jwt_public_key_file is not None:
        yield _public_key(algorithm, settings.jwt_public_key_file)
    elif settings.jwt_key is not None:
        yield FixedKey(algorithm, settings.jwt_key.get_secret_value().encode())
    elif embedded:
        yield FixedKey(algorithm, embedded_jwt_key(settings.data_dir))
    else:
        raise SettingError(
            "one of PORTICO_JWT_JWKS_URL, PORTICO_JWT_PUBLIC_KEY_FILE and PORTICO_JWT_KEY must be set"
        )


def _public_key(algorithm: Algorithm, file: Path) -> KeySource:
    try:
        return FixedKey(algorithm, file.read_bytes())
    except (OSError, ValueError) as error:
        raise SettingError(
            f"PORTICO_JWT_PUBLIC_KEY_FILE is not a readable PEM public key for {algorithm}"
        ) from error


def issuing_keys(settings: Settings, *, embedded: bool) -> OwnKeys | None:
    """The keys that tokens are issued with; None where Portico issues none."""
    file = settings.oauth_key_file
    if file is None and not embedded:
        return None
    try:
        pem = own_key(settings.data_dir, "oauth.pem", new_signing_key) if file is None else file.read_bytes()
        return OwnKeys(pem, settings.oauth_issuer)
    except (OSError, ValueError) as error:
        raise SettingError("PORTICO_OAUTH_KEY_FILE is not a PEM of one or two EC P-256 keys") from error
