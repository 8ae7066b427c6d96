"""Where a provider has what (OpenID Connect Discovery 1.0), asked over HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import orjson

from gateway.errors import ProviderUnavailableError
from gateway.keys import Algorithm

_MOST_BYTES = 256 * 1024
_PATH = "/.well-known/openid-configuration"


@dataclass(frozen=True, slots=True)
class Discovered:
    """What a provider says of itself."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    algorithm: Algorithm
    """What its ID tokens are signed with."""
    posts_secret: bool
    """Whether it takes a client's secret in the form alone, and not as Basic credentials."""


async def discover(session: aiohttp.ClientSession, issuer: str) -> Discovered:
    """What the provider `issuer` says of itself. Raises ProviderUnavailableError."""
    status, document = await ask(session, "GET", f"{issuer.rstrip('/')}{_PATH}")
    try:
        if status != 200 or document["issuer"] != issuer:
            raise ValueError("this is not the issuer's")
        methods = document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        return Discovered(
            authorization_endpoint=_safe(document["authorization_endpoint"]),
            token_endpoint=_safe(document["token_endpoint"]),
            jwks_uri=_safe(document["jwks_uri"]),
            algorithm=_algorithm(document["id_token_signing_alg_values_supported"]),
            posts_secret="client_secret_basic" not in methods and "client_secret_post" in methods,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ProviderUnavailableError("the login provider's discovery document cannot be used") from error


async def ask(
    session: aiohttp.ClientSession, method: str, url: str, **sent: Any
) -> tuple[int, Mapping[str, Any]]:
    """The status and the JSON object of an answer. Raises ProviderUnavailableError."""
    try:
        async with session.request(method, url, allow_redirects=False, **sent) as response:
            body = b""
            async for chunk in response.content.iter_chunked(16 * 1024):
                body += chunk
                if len(body) > _MOST_BYTES:
                    raise ValueError("the answer is too large")
            answer = orjson.loads(body)
            return response.status, answer if isinstance(answer, dict) else {}
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        raise ProviderUnavailableError("the login provider does not answer as it should") from error


def _safe(url: str) -> str:
    """`url` where it is https, or http on this very machine. Raises ValueError."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))):
        raise ValueError("an endpoint is not https")
    return url


def _is_loopback(host: str) -> bool:
    return host == "localhost" or ip_address(host).is_loopback


def _algorithm(supported: list[str]) -> Algorithm:
    """RS256, which every provider must have (Core §15.1), else ES256."""
    for algorithm in ("RS256", "ES256"):
        if algorithm in supported:
            return algorithm
    raise ValueError("ID tokens are signed with neither RS256 nor ES256")
