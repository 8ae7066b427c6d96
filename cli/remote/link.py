"""Requests to an admin port; whatever is answered instead of what was asked for is an error in words."""

import io
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import aiohttp
from yarl import URL

from cli.errors import RemoteError
from cli.remote.problems import error_of
from contracts.admin.models import NDJSON
from domain.dead_letters.errors import RepairError
from domain.errors import StoreUnavailableError

_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=90)
"""Seconds; longer than any answer, or line of one, may take the server."""
_PROBLEM = b'{"problem":'
"""How the line begins that says why there are no more."""
_ERROR = 400

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request."""

    path: str
    """Below `/admin/v1/`, percent-encoded."""
    method: str = "GET"
    about: str = ""
    """The id that it names."""
    query: Mapping[str, str | list[str]] | None = None
    body: bytes | None = None
    """JSON."""
    headers: Mapping[str, str] = field(default_factory=dict)


class Link:
    """A way to one admin port."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        """`url` of the port, without a slash at its end."""
        self._session = session
        self._url = url

    async def ask(self, asked: Asked, read: Callable[[Any], _T]) -> _T:
        """What `read` makes of the answer. Raises the error that a problem stands for, and RemoteError."""
        async with self._answer(asked) as response:
            return read(await _json(response))

    def lines(self, asked: Asked, read: Callable[[Any], _T]) -> AsyncIterator[_T]:
        """What `read` makes of each line of the answer, as soon as it comes. Raises the same."""
        return self.raw_lines(asked, lambda line: read(json.loads(line)))

    async def raw_lines(self, asked: Asked, read: Callable[[bytes], _T]) -> AsyncIterator[_T]:
        """The same of lines of any length, as they came."""
        async with self._answer(replace(asked, headers={**asked.headers, "Accept": NDJSON})) as response:
            if response.content_type != NDJSON:
                raise ValueError(response.content_type)
            async for line in _lines_of(response.content):
                if line.startswith(_PROBLEM):
                    raise error_of(json.loads(line)["problem"], asked.about)
                yield read(line)

    def _place(self, asked: Asked) -> URL:
        try:
            return URL(f"{self._url}/admin/v1/{asked.path}", encoded=True).with_query(asked.query)
        except ValueError as error:
            raise RepairError("what is selected by is no text") from error

    @asynccontextmanager
    async def _answer(self, asked: Asked) -> AsyncIterator[aiohttp.ClientResponse]:
        url = self._place(asked)
        kind = {} if asked.body is None else {"Content-Type": "application/json"}
        headers = {**kind, **asked.headers}
        try:
            async with self._session.request(
                asked.method,
                url,
                data=None if asked.body is None else io.BytesIO(asked.body),
                headers=headers,
                allow_redirects=False,
            ) as response:
                if response.status >= _ERROR:
                    raise error_of(await _json(response), asked.about)
                yield response
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise StoreUnavailableError(str(error) or "no answer in time") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise RemoteError("what answers there is no admin port of Portico") from error


@asynccontextmanager
async def linked(url: str, token: str) -> AsyncIterator[Link]:
    """A way to the admin port at `url`, for the operator of `token`."""
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(headers=headers, timeout=_TIMEOUT) as session:
        yield Link(session, url)


async def _lines_of(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    parts: list[bytes] = []
    async for chunk in content.iter_any():
        *ended, rest = chunk.split(b"\n")
        for line in ended:
            yield b"".join((*parts, line))
            parts.clear()
        if rest:
            parts.append(rest)
    if parts:
        raise ValueError("the last line is cut short")


async def _json(response: aiohttp.ClientResponse) -> Any:
    return json.loads(await response.read())
