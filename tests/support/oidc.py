"""A small OpenID provider, which lets everybody in whom a test names."""

import base64
import hashlib
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import RSAAlgorithm

CLIENT_ID, CLIENT_SECRET = "portico console", "a:secret/with+marks"


@dataclass
class Provider:
    """One provider at `issuer`, and what it is to say next."""

    key: RSAPrivateKey = field(default_factory=lambda: generate_private_key(65_537, 2048))
    issuer: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    """Of the next ID tokens, in place of what is right; None leaves a claim out."""
    says: dict[str, Any] = field(default_factory=dict)
    """In the discovery document, in place of what is right."""
    is_away: bool = False
    denies: bool = False
    logins: list[dict[str, str]] = field(default_factory=list)
    """What it was asked at its authorization endpoint."""

    async def configuration(self, _: web.Request) -> web.Response:
        """The discovery document."""
        if self.is_away:
            return web.Response(status=503)
        return web.json_response(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize?tenant=1",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/jwks",
                "id_token_signing_alg_values_supported": ["RS256", "ES256"],
                **self.says,
            }
        )

    async def jwks(self, _: web.Request) -> web.Response:
        """Its public key."""
        key = json.loads(RSAAlgorithm.to_jwk(self.key.public_key()))
        return web.json_response({"keys": [{**key, "kid": "one", "use": "sig", "alg": "RS256"}]})

    async def authorize(self, request: web.Request) -> web.Response:
        """Log in without a question, or deny it."""
        asked = dict(request.query)
        self.logins.append(asked)
        answer = {"error": "access_denied"} if self.denies else {"code": str(len(self.logins) - 1)}
        raise web.HTTPFound(f"{asked['redirect_uri']}?{urlencode({**answer, 'state': asked['state']})}")

    async def token(self, request: web.Request) -> web.Response:
        """An ID token, for who has the code, the verifier and the client's secret."""
        form = await request.post()
        asked = self.logins[int(str(form["code"]))]
        digest = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        is_client = self._secret_of(request, form) == CLIENT_SECRET and form["client_id"] == CLIENT_ID
        if not is_client or (challenge, form["redirect_uri"]) != (
            asked["code_challenge"],
            asked["redirect_uri"],
        ):
            return web.json_response({"error": "invalid_grant"}, status=400)
        return web.json_response({"id_token": self.signed(asked["nonce"]), "access_token": "opaque"})

    def signed(self, nonce: str) -> str:
        """An ID token."""
        now = int(time.time())
        right = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": "eva",
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
        }
        claims = {name: value for name, value in {**right, **self.claims}.items() if value is not None}
        return jwt.encode(claims, self.key, algorithm="RS256", headers={"kid": "one"})

    def _secret_of(self, request: web.Request, form: Any) -> str:
        if self.says.get("token_endpoint_auth_methods_supported") == ["client_secret_post"]:
            return str(form.get("client_secret"))
        scheme, _, pair = request.headers.get("Authorization", "").partition(" ")
        assert "Basic" == scheme
        id, _, secret = base64.b64decode(pair).decode().partition(":")
        assert "portico%20console" == id
        return secret.replace("%3A", ":").replace("%2F", "/").replace("%2B", "+")


@asynccontextmanager
async def provider() -> AsyncIterator[Provider]:
    """A provider on a loopback port."""
    one = Provider()
    app = web.Application()
    app.add_routes(
        [
            web.get("/.well-known/openid-configuration", one.configuration),
            web.get("/jwks", one.jwks),
            web.get("/authorize", one.authorize),
            web.post("/token", one.token),
        ]
    )
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        one.issuer = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield one
    finally:
        await runner.cleanup()
