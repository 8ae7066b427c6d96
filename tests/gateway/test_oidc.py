"""Logins by an OpenID provider: what it says is believed where it is proved, and nowhere else."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from gateway.errors import AuthenticationError, InsufficientScopeError, ProviderUnavailableError
from gateway.oidc.login import Attempt, Client
from gateway.oidc.provider import OpenIdProvider
from gateway.operators import Operator
from tests.support.oidc import CLIENT_ID, CLIENT_SECRET, Provider, provider

BACK = "http://console.example/console/oidc/callback"
ROLES = {"roles": ["operator.read", "payroll"]}


@pytest.fixture
async def remote() -> AsyncIterator[Provider]:
    """A provider that names eva an operator."""
    async with provider() as one:
        one.claims = dict(ROLES)
        yield one


def knowing(remote: Provider) -> OpenIdProvider:
    """Portico's side."""
    return OpenIdProvider(Client(remote.issuer, CLIENT_ID, CLIENT_SECRET, "openid", "roles"))


async def login(portico: OpenIdProvider, attempt: Attempt) -> dict[str, str]:
    """What the provider sends the browser back with."""
    url = await portico.login_url(attempt)
    async with aiohttp.ClientSession() as session, session.get(url, allow_redirects=False) as response:
        assert 302 == response.status
        return {
            name: values[0] for name, values in parse_qs(urlsplit(response.headers["Location"]).query).items()
        }


async def redeemed(remote: Provider, attempt: Attempt, then: Attempt | None = None) -> tuple[Operator, bool]:
    """Who a login makes one, and whether his token is known for the provider's."""
    async with knowing(remote) as portico:
        answer = await login(portico, attempt)
        token = await portico.redeem(answer["code"], then or attempt)
        return await portico.operator_of(token), portico.issued(token)


@pytest.mark.parametrize("methods", [["client_secret_basic", "client_secret_post"], ["client_secret_post"]])
async def test_who_logs_in_is_the_operator_that_the_provider_names(
    remote: Provider, methods: list[str]
) -> None:
    """By the claim with the roles, whichever way the client's secret is taken; PKCE and nonce are sent."""
    remote.says = {"token_endpoint_auth_methods_supported": methods}
    remote.claims = {**ROLES, "org": "acme"}

    operator, is_known = await redeemed(remote, Attempt("a secret", BACK))

    assert (Operator("eva", "acme", frozenset({"operator.read"})), True) == (operator, is_known)
    [asked] = remote.logins
    assert {
        "tenant": "1",
        "response_type": "code",
        "scope": "openid",
        "redirect_uri": BACK,
    }.items() <= asked.items()
    assert "S256" == asked["code_challenge_method"]
    assert 4 == len({asked[name] for name in ("state", "nonce", "code_challenge", "client_id")})


@pytest.mark.parametrize(
    ("claims", "error"),
    [
        ({"nonce": "another login's"}, AuthenticationError),
        ({"nonce": None}, AuthenticationError),
        ({"aud": "another client"}, AuthenticationError),
        ({"aud": [CLIENT_ID, "another"], "azp": "another"}, AuthenticationError),
        ({"iss": "https://elsewhere.example"}, AuthenticationError),
        ({"exp": 1_000_000_000}, AuthenticationError),
        ({"roles": ["payroll"]}, InsufficientScopeError),
        ({"roles": None, "scope": "operator.repair"}, InsufficientScopeError),
    ],
)
async def test_a_token_that_proves_nothing_lets_nobody_in(
    remote: Provider, claims: dict[str, Any], error: type[Exception]
) -> None:
    """Another login's, client's or issuer's, one that has ended, and one without a role where it belongs."""
    remote.claims = {**ROLES, **claims}

    with pytest.raises(error):
        await redeemed(remote, Attempt("a secret", BACK))


async def test_a_code_is_of_use_to_the_browser_that_asked_for_it_alone(remote: Provider) -> None:
    """Another browser's secret has another verifier."""
    with pytest.raises(AuthenticationError):
        await redeemed(remote, Attempt("a secret", BACK), Attempt("another", BACK))


async def test_a_token_signed_by_somebody_else_is_refused(remote: Provider) -> None:
    """It says that it is the provider's, and is looked at as such."""
    forger = Provider(issuer=remote.issuer, claims=dict(ROLES))
    async with knowing(remote) as portico:
        forged = forger.signed("x")
        assert portico.issued(forged)
        with pytest.raises(AuthenticationError):
            await portico.operator_of(forged)
        assert not portico.issued("no.token.at-all")


@pytest.mark.parametrize(
    "says",
    [
        {"issuer": "https://elsewhere.example"},
        {"token_endpoint": "http://elsewhere.example/token"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"jwks_uri": None},
        {"id_token_signing_alg_values_supported": ["HS256", "none"]},
    ],
)
async def test_a_discovery_document_that_is_not_sound_is_not_used(
    remote: Provider, says: dict[str, Any]
) -> None:
    """Another issuer's, or with endpoints or algorithms that anybody could pose as."""
    remote.says = says
    async with knowing(remote) as portico:
        with pytest.raises(ProviderUnavailableError):
            await portico.login_url(Attempt("a secret", BACK))


async def test_a_provider_that_is_away_is_left_alone_for_a_moment(remote: Provider) -> None:
    """Whoever asks meanwhile is told so, at no cost to it."""
    remote.is_away = True
    async with knowing(remote) as portico:
        for _ in range(2):
            with pytest.raises(ProviderUnavailableError):
                await portico.login_url(Attempt("a secret", BACK))
            remote.is_away = False
