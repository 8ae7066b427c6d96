"""Operators who log in at the console by an OpenID provider, on a running Portico."""

import aiohttp

from tests.support.oidc import CLIENT_SECRET, Provider
from tests.support.stacks import Stack
from tests.support.tokens import minted
from tests.support.visitors import Sight, Visitor

START = "/console/oidc/start"


async def test_an_operator_logs_in_by_the_provider_and_works(
    embedded: Stack, identity_provider: Provider
) -> None:
    """From the page that he wanted back to it, with his roles and none beside; and at the console alone."""
    identity_provider.claims = {"roles": ["operator.read"]}
    admin = embedded.gateway.admin
    async with _browser() as session:
        visitor = Visitor(session, admin)
        page = await visitor.looks("/console/login?next=%2Fconsole%2Fsettings")
        assert f'href="{START}?next=/console/settings"' in page.html

        arrived = await _follows(session, f"{admin}{START}?next=/console/settings")

        assert (200, True) == (arrived.status, 'content="0; url=/console/settings"' in arrived.html)
        settings = await visitor.looks("/console/settings")
        assert "PORTICO_CONSOLE_OIDC_CLIENT_SECRET set, not shown" in settings.text
        assert CLIENT_SECRET not in settings.html
        assert "eva" in settings.text
        await visitor.sends("/console/dedupe/x/reveal", 403, csrf=settings.csrf)
        async with session.get(f"{admin}/admin/v1/dead-letters", headers=_bearer(session)) as reply:
            assert 401 == reply.status


async def test_who_is_not_let_in_by_the_provider_is_told_why(
    embedded: Stack, identity_provider: Provider
) -> None:
    """Nobody without a role, or whom it denies; nor by an answer that this browser did not ask for."""
    admin = embedded.gateway.admin
    async with _browser() as session:
        visitor = Visitor(session, admin)
        identity_provider.claims = {"roles": []}
        assert 403 == (await _follows(session, f"{admin}{START}")).status
        identity_provider.denies = True
        assert 401 == (await _follows(session, f"{admin}{START}?next=//elsewhere")).status
        identity_provider.denies = False
        await visitor.looks("/console/oidc/callback?code=0&state=x", 401)
        await visitor.looks("/console/settings", 303)
        await visitor.sends("/console/login", 303, token=minted(scope="operator.read", org=None))
        await visitor.looks("/console/settings")


def _browser() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))


async def _follows(session: aiohttp.ClientSession, url: str) -> Sight:
    """Where the way out to the provider and back ends."""
    async with session.get(url) as response:
        return Sight(response.status, await response.text())


def _bearer(session: aiohttp.ClientSession) -> dict[str, str]:
    """The console's own session, as a bearer token."""
    [token] = [cookie.value for cookie in session.cookie_jar if cookie.key == "portico_console"]
    return {"Authorization": f"Bearer {token}"}
