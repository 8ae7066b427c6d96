"""An operator who looks at the console, with a browser that runs no scripts."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from html import unescape

import aiohttp

from tests.support.tokens import minted

ALL_ROLES = "operator.read operator.repair operator.replay"


@dataclass(frozen=True)
class Sight:
    """A page as somebody sees it."""

    status: int
    html: str

    @property
    def text(self) -> str:
        """What it says, each piece of white space as one blank."""
        return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", self.html)))

    @property
    def csrf(self) -> str:
        """What its forms carry."""
        found = re.search(r'name="csrf" value="([0-9a-f]+)"', self.html)
        assert found is not None, self.html
        return found[1]


@dataclass
class Visitor:
    """Somebody who is signed in at the console of `url`, an admin port."""

    session: aiohttp.ClientSession
    url: str

    async def looks(self, path: str, status: int = 200) -> Sight:
        """The page at `path`."""
        async with self.session.get(self.url + path, allow_redirects=False) as response:
            text = await response.text()
            assert status == response.status, text
            return Sight(response.status, text)

    async def sends(self, path: str, status: int = 200, **fields: str) -> Sight:
        """The page that a form leads to."""
        async with self.session.post(self.url + path, data=fields, allow_redirects=False) as response:
            text = await response.text()
            assert status == response.status, text
            return Sight(response.status, text)


@asynccontextmanager
async def visiting(url: str, tenant: str | None = None, scope: str = ALL_ROLES) -> AsyncIterator[Visitor]:
    """An operator of `tenant`, or of all, who has signed in with a token."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        visitor = Visitor(session, url)
        await visitor.sends("/console/login", 303, token=minted(scope=scope, sub="ana", org=tenant))
        yield visitor
