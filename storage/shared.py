"""Documents by `_id`, for many callers who ask for one each."""

import asyncio
from collections.abc import Sequence
from contextvars import Context, copy_context
from typing import NamedTuple

from storage.driver import Collection, Document
from storage.server import FEW_IDS

_LONGEST_WAIT = 0.01
"""Seconds that callers wait for the call before theirs to end, so that one that hangs holds up nobody."""


class _Asked(NamedTuple):
    id: str
    answer: "asyncio.Future[Document | None]"
    context: Context


class SharedFinds:
    """Who asks while a call is on its way shares the next one, as a call costs more than a document.

    Who asks alone is asked for at once. A call begins after all who share it asked, so each sees what
    was written before he did. In a trace it belongs to the first of them.
    """

    def __init__(self, collection: Collection, projection: Sequence[str] | None = None) -> None:
        """Asks `collection`; `projection` names the fields that are read, all if not given."""
        self._collection = collection
        self._projection = projection
        self._asked: list[_Asked] = []
        self._calls: set[asyncio.Task[None]] = set()
        self._waited_for: asyncio.Task[None] | None = None
        """The call that who asks waits for: the last one, while it is young."""

    async def find(self, id: str) -> Document | None:
        """The document with the `_id` `id`. Raises StoreUnavailableError."""
        answer: asyncio.Future[Document | None] = asyncio.get_running_loop().create_future()
        self._asked.append(_Asked(id, answer, copy_context()))
        if self._waited_for is None:
            self._begin()
        return await answer

    def _begin(self) -> None:
        asked, self._asked = self._asked[:FEW_IDS], self._asked[FEW_IDS:]
        loop = asyncio.get_running_loop()
        call = loop.create_task(self._call(asked), context=asked[0].context)
        self._calls.add(call)
        self._waited_for = call
        longest = loop.call_later(_LONGEST_WAIT, self._go_on, call)

        def ended(_: object) -> None:
            self._calls.discard(call)
            longest.cancel()
            self._go_on(call)

        call.add_done_callback(ended)

    def _go_on(self, call: "asyncio.Task[None]") -> None:
        if self._waited_for is call:
            self._waited_for = None
            if self._asked:
                self._begin()

    async def _call(self, asked: Sequence[_Asked]) -> None:
        try:
            documents = await self._collection.find_ids(
                [one.id for one in asked], projection=self._projection
            )
        except Exception as error:  # whatever it is, each of them has to be told
            for one in asked:
                if not one.answer.done():
                    one.answer.set_exception(error)
            return
        found = {document["_id"]: document for document in documents}
        for one in asked:
            if not one.answer.done():
                one.answer.set_result(found.get(one.id))
