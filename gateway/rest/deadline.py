"""One deadline for every request, whatever hangs behind it (design §7)."""

import asyncio
from itertools import takewhile
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from domain.errors import TransientError


class DeadlineError(TransientError):
    """The request was not answered in time."""


def in_time(seconds: float) -> Middleware:
    """Ends requests that take longer than `seconds`.

    As all have as long, they are due in the order in which they came, and one timer serves them all: a
    timer each, as of `asyncio.timeout`, costs a fortieth of what a small request takes.
    """
    requests = _Requests(seconds)

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        task = requests.begin()
        try:
            return await handler(request)
        except asyncio.CancelledError as error:
            if requests.end(task) or task.uncancel() > 0:
                raise  # it was somebody else
            raise DeadlineError("no answer in time") from error
        finally:
            requests.end(task)

    return middleware


class _Requests:
    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._due: dict[asyncio.Task[Any], float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> asyncio.Task[Any]:
        """The task that handles the request, which is cancelled at the deadline."""
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        if task is None:
            raise RuntimeError("requests are handled in tasks")
        due = self._due[task] = loop.time() + self._seconds
        if self._timer is None:
            self._timer = loop.call_at(due, self._cancel_overdue)
        return task

    def end(self, task: asyncio.Task[Any]) -> bool:
        """Whether `task` was still in time."""
        return self._due.pop(task, None) is not None

    def _cancel_overdue(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for task, _ in list(takewhile(lambda one: one[1] <= now, self._due.items())):
            del self._due[task]
            task.cancel()
        first = next(iter(self._due.values()), None)
        self._timer = None if first is None else loop.call_at(first, self._cancel_overdue)
