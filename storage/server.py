"""What has to be known of the server beside what it stores; asked once."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

FEW_IDS = 50
"""Ids in one `$in`, whatever the server."""
_MANY_IDS = 1_000


class Server:
    """The server behind a database."""

    def __init__(self, build_info: Callable[[], Awaitable[Mapping[str, Any]]]) -> None:
        """`build_info` asks it for its `buildInfo`."""
        self._build_info = build_info
        self._known: Mapping[str, Any] | None = None

    async def is_secantus(self) -> bool:
        """Whether it is SecantusDB, in Rust or in Python."""
        return "secantusVersion" in await self._asked()

    async def ids_a_call(self) -> int:
        """Ids in one `$in`. SecantusDB in Python, which names no build, compares every document that it
        finds with every id: 1,000 of them take ten times as long a document as 50.
        """
        compares_all = await self.is_secantus() and "buildEnvironment" not in await self._asked()
        return FEW_IDS if compares_all else _MANY_IDS

    async def _asked(self) -> Mapping[str, Any]:
        if self._known is None:
            self._known = await self._build_info()
        return self._known
