"""An operator at the console, without a browser."""

import re
from dataclasses import dataclass, field
from html import unescape

import aiohttp

from tests.support.stacks import Stack
from tests.support.tokens import minted

ROLES = "operator.read operator.repair operator.replay"


@dataclass
class Answer:
    """A page, or where one was led to."""

    status: int
    path: str
    """Where it is, with its query, once all redirects were followed."""
    headers: dict[str, str]
    text: str

    def has(self, words: str) -> bool:
        """Whether a reader sees `words`."""
        return words in self.words

    @property
    def words(self) -> str:
        """What a reader sees, without markup."""
        return " ".join(unescape(re.sub(r"<[^>]*>", " ", self.text)).split())

    def ids(self, attribute: str) -> list[str]:
        """The values of an attribute, in order."""
        return [unescape(one) for one in re.findall(f'{attribute}="([^"]*)"', self.text)]

    def field(self, name: str) -> str:
        """The value of a form's field."""
        found = re.search(rf'name="{name}" value="([^"]*)"', self.text)
        assert found is not None, self.text
        return unescape(found[1])

    @property
    def textarea(self) -> str:
        """What stands in the page's large field."""
        found = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", self.text, re.DOTALL)
        assert found is not None, self.text
        return unescape(found[1])


@dataclass
class ConsoleVisitor:
    """Somebody with a browser's cookies."""

    session: aiohttp.ClientSession
    url: str
    csrf: str = field(default="", init=False)

    @classmethod
    def of(cls, stack: Stack, session: aiohttp.ClientSession) -> "ConsoleVisitor":
        """One who has not signed in; `session` must keep cookies of addresses."""
        return cls(session, stack.gateway.admin)

    async def signs_in(self, tenant: str | None, scope: str = ROLES, name: str = "ana") -> Answer:
        """Sign in as an operator of a tenant, or of all."""
        answer = await self.posts("/console/login", token=minted(scope=scope, sub=name, org=tenant))
        if answer.status == 200:
            self.csrf = answer.field("csrf")
        return answer

    async def opens(self, path: str, **headers: str) -> Answer:
        """A page."""
        async with self.session.get(self.url + path, headers=headers) as response:
            return await _read(response)

    async def sends(self, path: str, **fields: str) -> Answer:
        """A form of one of his pages."""
        return await self.posts(path, csrf=self.csrf, **fields)

    async def posts(self, path: str, headers: dict[str, str] | None = None, /, **fields: str) -> Answer:
        """A form, whoever made it."""
        async with self.session.post(self.url + path, data=fields, headers=headers) as response:
            return await _read(response)


async def _read(response: aiohttp.ClientResponse) -> Answer:
    return Answer(response.status, response.url.raw_path_qs, dict(response.headers), await response.text())
