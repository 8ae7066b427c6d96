"""`/oauth/token`: both forms, and every refusal."""

import base64
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote_plus, urlencode

import jwt
import pytest
from aiohttp.typedefs import Handler
from structlog.testing import capture_logs

from domain.clients import Client, new_client, new_secret
from domain.errors import StoreUnavailableError
from gateway.errors import RateLimitedError
from gateway.limits import FailureLimiter
from gateway.oauth import TokenIssuer
from gateway.rest.body import BodyBudget
from gateway.rest.oauth import JWKS_PATH, TOKEN_PATH, OAuthSurface
from gateway.rest.server import Address
from tests.support.gateway_http import Answer, ask, served
from tests.support.oauth import AUDIENCE, ISSUER, KEYS, NOW, authenticator

FORM = "application/x-www-form-urlencoded"
GRANT = {"grant_type": "client_credentials"}


@dataclass
class Clients:
    """Clients by id, and an outage to order."""

    by_id: dict[str, Client] = field(default_factory=dict)
    away: bool = False

    async def get(self, client_id: str) -> Client | None:
        """As domain.clients.ClientStore says."""
        if self.away:
            raise StoreUnavailableError("away")
        return self.by_id.get(client_id)


@dataclass
class World:
    """A token endpoint with one client."""

    address: Address
    clients: Clients
    client: Client
    secret: str
    now: list[float]

    @property
    def credentials(self) -> dict[str, str]:
        """The client's, as parameters."""
        return {"client_id": self.client.id, "client_secret": self.secret}

    async def form(self, parameters: Mapping[str, str], **headers: str) -> Answer:
        """POST a form."""
        return await self.post(urlencode(parameters).encode(), FORM, **headers)

    async def json(self, parameters: Any) -> Answer:
        """POST JSON."""
        return await self.post(json.dumps(parameters).encode(), "application/json")

    async def post(self, body: bytes, content_type: str, **headers: str) -> Answer:
        """POST anything."""
        return await ask(self.address, "POST", TOKEN_PATH, body, content_type=content_type, **headers)


def basic(client_id: str, secret: str) -> str:
    """The Authorization header of a client."""
    return "Basic " + base64.b64encode(f"{quote_plus(client_id)}:{quote_plus(secret)}".encode()).decode()


@asynccontextmanager
async def a_world() -> AsyncIterator[World]:
    """A token endpoint that allows two failures at once and one more a second."""
    secret = new_secret()
    client = new_client("acme", ["od.crm", "custom:read"], "loader", secret, NOW)
    clients, now = Clients({client.id: client}), [0.0]
    issuer = TokenIssuer(
        clients,
        KEYS,
        audience=AUDIENCE,
        seconds=900,
        failures=FailureLimiter(1.0, 2.0, clock=lambda: now[0]),
        clock=lambda: NOW,
    )
    surface = OAuthSurface(issuer, KEYS, BodyBudget(1 << 20))
    routes: dict[str, Handler] = {f"POST {TOKEN_PATH}": surface.token, f"GET {JWKS_PATH}": surface.jwks}
    async with served(routes) as address:
        yield World(address, clients, client, secret, now)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """A token endpoint."""
    async with a_world() as opened:
        yield opened


def body_of(answer: Answer) -> Any:
    """The JSON of an answer that nobody may store."""
    assert "no-store" == answer.headers["Cache-Control"]
    return json.loads(answer.body)


async def test_every_way_to_ask_gets_the_same_token(world: World) -> None:
    """RFC 6749's two, in a form, and JSON; with all scopes of the client."""
    answers = [
        await world.form(GRANT, authorization=basic(world.client.id, world.secret)),
        await world.form({**GRANT, **world.credentials}),
        await world.form(
            {**GRANT, "client_id": world.client.id, "scope": ""},
            authorization=basic(world.client.id, world.secret).replace("Basic", "bASIC "),
        ),
        await world.json({**GRANT, **world.credentials, "scope": None, "other": 1}),
    ]

    for answer in answers:
        body = body_of(answer)
        token = body.pop("access_token")
        assert {"token_type": "bearer", "expires_in": 900, "scope": "custom:read od.crm"} == body
        principal = await authenticator().authenticate(f"Bearer {token}")
        assert (world.client.id, "acme", world.client.scopes) == (
            principal.subject,
            principal.tenant,
            principal.scopes,
        )


async def test_a_token_says_what_rfc_9068_asks_for(world: World) -> None:
    """And verifies with the published key."""
    token = body_of(await world.form({**GRANT, **world.credentials}))["access_token"]
    published = await ask(world.address, "GET", JWKS_PATH)

    keys = jwt.PyJWKSet.from_dict(json.loads(published.body))
    header = jwt.get_unverified_header(token)
    claims = jwt.decode(
        token,
        keys[header["kid"]],
        algorithms=["ES256"],
        audience=AUDIENCE,
        options={"verify_exp": False, "verify_iat": False},
    )
    assert {"alg": "ES256", "typ": "at+jwt", "kid": header["kid"]} == header
    assert (ISSUER, NOW // 1000, NOW // 1000 + 900) == (claims["iss"], claims["iat"], claims["exp"])
    assert (world.client.id, "acme") == (claims["client_id"], claims["org"])
    assert "public, max-age=300" == published.headers["Cache-Control"]
    assert b'"d"' not in published.body


@pytest.mark.parametrize(
    "scope", ["customer.read", "lead.write customer.read lead.write", "od.crm custom:read"]
)
async def test_less_may_be_asked_for(world: World, scope: str) -> None:
    """Any of the client's scopes, and whatever they imply."""
    body = body_of(await world.form({**GRANT, **world.credentials, "scope": scope}))

    assert " ".join(sorted(set(scope.split()))) == body["scope"]


@pytest.mark.parametrize("scope", ["od.all", "customer.read custom:write", " ", "ação"])
async def test_more_is_refused(world: World, scope: str) -> None:
    """In whatever company."""
    form = await world.form({**GRANT, **world.credentials, "scope": scope})
    as_json = await world.json({**GRANT, **world.credentials, "scope": scope})

    assert (400, "invalid_scope") == (form.status, body_of(form)["error"])
    assert (400, "INVALID_SCOPE") == (as_json.status, body_of(as_json)["code"])


async def test_a_wrong_secret_looks_like_an_unknown_or_revoked_client(world: World) -> None:
    """To the letter, in each form."""
    revoked = replace(world.client, id="cli_revoked").revoked(NOW)
    world.clients.by_id["cli_revoked"] = revoked
    wrong = [
        {"client_id": world.client.id, "client_secret": "x"},
        {"client_id": "cli_unknown", "client_secret": world.secret},
        {"client_id": "cli_revoked", "client_secret": world.secret},
        {"client_id": "x" * 201, "client_secret": world.secret},
        {"client_id": "ação\0", "client_secret": "\u2028"},
    ]

    forms = [await world.form({**GRANT, **one}) for one in wrong]
    as_json = [await world.json({**GRANT, **one}) for one in wrong]

    for answers in (forms, as_json):
        assert {401} == {answer.status for answer in answers}
        assert 1 == len({answer.body for answer in answers})
        assert {'Basic realm="portico", charset="UTF-8"'} == {
            answer.headers["WWW-Authenticate"] for answer in answers
        }
    assert {"error", "error_description"} == set(body_of(forms[0]))
    assert "invalid_client" == body_of(forms[0])["error"]
    assert {"code", "message"} == set(body_of(as_json[0]))


@pytest.mark.parametrize(
    "header",
    ["Bearer x", "Basic", "Basic !", "Basic " + base64.b64encode(b"no colon").decode(), "Basic /w=="],
)
async def test_a_header_that_is_no_clients_is_refused(world: World, header: str) -> None:
    """With the challenge, as RFC 6749 §5.2 asks for."""
    answer = await world.form(GRANT, authorization=header)

    assert (401, "invalid_client") == (answer.status, body_of(answer)["error"])
    assert answer.headers["WWW-Authenticate"].startswith("Basic")


async def test_two_ways_at_once_are_refused(world: World) -> None:
    """RFC 6749 §2.3: no more than one; and the header's client is the body's."""
    header = basic(world.client.id, world.secret)
    for parameters in (world.credentials, {"client_id": "cli_other"}, {"client_secret": world.secret}):
        answer = await world.form({**GRANT, **parameters}, authorization=header)
        assert (400, "invalid_request") == (answer.status, body_of(answer)["error"])


@pytest.mark.parametrize(
    ("body", "content_type", "error"),
    [
        (b"", FORM, "invalid_request"),
        (b"grant_type=", FORM, "invalid_request"),
        (b"grant_type=client_credentials&grant_type=client_credentials", FORM, "invalid_request"),
        (b"grant_type=%ff", FORM, "invalid_request"),
        (b"\xff=1", FORM, "invalid_request"),
        (b"&".join(b"a%d=1" % n for n in range(30)), FORM, "invalid_request"),
        (b"grant_type=client_credentials", FORM, "invalid_client"),
        (b"grant_type=password&client_id=a&client_secret=b", FORM, "unsupported_grant_type"),
        (b"grant_type=authorization_code&code=1&client_id=a&client_secret=b", FORM, "unsupported_grant_type"),
        (b"grant_type=client_credentials", "text/plain", "invalid_request"),
        (b"a" * 20_000, FORM, "invalid_request"),
        (b"{", "application/json", "INVALID_REQUEST"),
        (b"[]", "application/json", "INVALID_REQUEST"),
        (b"{}", "application/json", "INVALID_REQUEST"),
        (b'{"grant_type": 1}', "application/json", "INVALID_REQUEST"),
        (
            b'{"grant_type": "client_credentials", "client_id": {"$ne": ""}}',
            "application/json",
            "INVALID_REQUEST",
        ),
        (b"[" * 10_000, "application/json", "INVALID_REQUEST"),
        (b'{"a": "' + b"x" * 20_000 + b'"}', "application/json", "PAYLOAD_TOO_LARGE"),
        (
            b'{"grant_type": "x", "client_id": "a", "client_secret": "b"}',
            "application/json",
            "UNSUPPORTED_GRANT_TYPE",
        ),
    ],
)
async def test_a_bad_request_is_refused_in_its_own_form(
    world: World, body: bytes, content_type: str, error: str
) -> None:
    """Flat for JSON, RFC 6749's for anything else; never a 5xx."""
    answer = await world.post(body, content_type)
    said = body_of(answer)

    assert error == said["code" if "json" in content_type else "error"]
    assert (401 if error == "invalid_client" else 400) == answer.status


async def test_failures_of_one_client_id_are_bounded(world: World) -> None:
    """Two at once here; then 429 without a look, until time has passed; others are not concerned."""
    wrong = {**GRANT, "client_id": world.client.id, "client_secret": "x"}

    statuses = [(await world.form(wrong)).status for _ in range(4)]
    limited = await world.form(wrong)
    as_json = await world.json(wrong)

    assert [401, 401, 429, 429] == statuses
    assert ("temporarily_unavailable", "1") == (body_of(limited)["error"], limited.headers["Retry-After"])
    assert (429, "RATE_LIMITED") == (as_json.status, body_of(as_json)["code"])
    assert 401 == (await world.form({**wrong, "client_id": "cli_other"})).status
    assert 429 == (await world.form({**GRANT, **world.credentials})).status
    world.now[0] += 1.0
    assert 200 == (await world.form({**GRANT, **world.credentials})).status


async def test_whoever_guesses_does_not_lock_the_client_out(world: World) -> None:
    """A secret that was right before still is; and good ones are never counted."""
    good, wrong = {**GRANT, **world.credentials}, {**GRANT, **world.credentials, "client_secret": "x"}
    assert {200} == {(await world.form(good)).status for _ in range(5)}

    assert [401, 401, 429] == [(await world.form(wrong)).status for _ in range(3)]

    assert 200 == (await world.form(good)).status
    world.clients.by_id[world.client.id] = world.client.revoked(NOW)
    assert 401 == (await world.form(good)).status


async def test_without_its_store_the_endpoint_says_not_now(world: World) -> None:
    """503 with Retry-After, in each form; and it counts as nobody's failure."""
    world.clients.away = True
    good = {**GRANT, **world.credentials}
    for _ in range(3):
        form, as_json = await world.form(good), await world.json(good)
        assert (503, "temporarily_unavailable") == (form.status, body_of(form)["error"])
        assert (503, "SERVICE_UNAVAILABLE") == (as_json.status, body_of(as_json)["code"])
        assert "Retry-After" in form.headers

    world.clients.away = False
    assert 200 == (await world.form(good)).status


async def test_no_secret_is_logged(world: World) -> None:
    """Nor what was wrong, nor a token; but who got one."""
    with capture_logs() as logs:
        token = body_of(await world.form({**GRANT, **world.credentials}))["access_token"]
        await world.form({**GRANT, "client_id": world.client.id, "client_secret": "wr0ng-secret"})

    assert [("token_issued", world.client.id)] == [(entry["event"], entry["client"]) for entry in logs]
    assert not any(said in str(logs) for said in (world.secret, "wr0ng-secret", token))


def test_a_limiter_forgets_names_it_has_no_room_for() -> None:
    """The least recently seen first; so its memory is bounded."""
    limiter = FailureLimiter(0.001, 1.0, max_names=2, clock=lambda: 0.0)
    for name in "abc":
        limiter.begin(name)

    limiter.begin("a")
    limiter.forgive("nobody")
    with pytest.raises(RateLimitedError):
        limiter.begin("c")
