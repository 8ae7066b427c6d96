"""Operators who log in at the console by an OpenID provider, on a running Portico."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.support.console import ConsoleVisitor
from tests.support.oidc import CLIENT_SECRET, Provider
from tests.support.stacks import Stack

START = "/console/oidc/start"


@pytest.fixture
async def eva(embedded: Stack, identity_provider: Provider) -> AsyncIterator[ConsoleVisitor]:
    """Somebody with a browser that runs no scripts, who has not signed in."""
    identity_provider.claims, identity_provider.denies = {"roles": ["operator.read"]}, False
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield ConsoleVisitor.of(embedded, session)


async def test_an_operator_logs_in_by_the_provider_and_works(eva: ConsoleVisitor) -> None:
    """From the page that he wanted back to it, with his roles and none beside; and at the console alone."""
    asked = await eva.opens("/console/settings")
    assert "/console/login?next=/console/settings" == asked.path
    [way] = [link for link in asked.ids("href") if link.startswith(START)]

    arrived = await eva.opens(way)

    assert (200, True) == (arrived.status, 'content="0; url=/console/settings"' in arrived.text)
    settings = await eva.opens("/console/settings")
    assert settings.has("PORTICO_CONSOLE_OIDC_CLIENT_SECRET set, not shown")
    assert settings.has("eva")
    assert CLIENT_SECRET not in settings.text
    csrf = settings.field("csrf")
    assert 403 == (await eva.posts("/console/dedupe/x/reveal", csrf=csrf)).status
    [token] = [one.value for one in eva.session.cookie_jar if one.key == "portico_console"]
    assert 401 == (await eva.opens("/admin/v1/dead-letters", Authorization=f"Bearer {token}")).status


async def test_who_is_not_let_in_by_the_provider_is_told_why(
    eva: ConsoleVisitor, identity_provider: Provider
) -> None:
    """Nobody without a role, or whom it denies; nor by an answer that this browser did not ask for."""
    identity_provider.claims = {"roles": []}
    assert 403 == (await eva.opens(START)).status
    identity_provider.denies = True
    assert 401 == (await eva.opens(f"{START}?next=//elsewhere")).status
    stranger = await eva.opens("/console/oidc/callback?code=0&state=x")
    assert (401, True) == (stranger.status, stranger.has("not begun in this browser"))
    assert "/console/login" == (await eva.opens("/console/settings")).path.partition("?")[0]
    assert 200 == (await eva.signs_in(None, "operator.read")).status
