"""Validating bodies without holding up the event loop for long, and looking at each no more than once."""

import asyncio
from collections.abc import Callable
from functools import partial

from contracts.operations import Checked, Operation

_CHECKED_AT_ONCE, _COUNTED_AT_ONCE = 64 * 1024, 256 * 1024
"""Bytes of a body that is validated on the event loop: in full, and while it is found right. What is larger,
or wrong, can be made to take seconds, and is validated in a thread; a thread that validates keeps the loop
from running, too, and to change between them cost a quarter of the batches a second."""
_THREADS = 2
"""Bodies validated in threads at a time; as Python runs one thread at once, more would be no faster."""


class Validation:
    """Of the bodies of all operations."""

    def __init__(self) -> None:
        self._threads = asyncio.Semaphore(_THREADS)

    async def __call__(self, operation: Operation, body: bytes) -> Checked:
        """What `operation` finds in `body`."""
        if len(body) <= _CHECKED_AT_ONCE:
            return _checked(operation, body)
        judge: Callable[[bytes], Checked] = partial(_checked, operation)
        if len(body) <= _COUNTED_AT_ONCE:
            if (records := operation.count(body)) is not None:
                return Checked(records)
            judge = operation.check
        async with self._threads:
            return await asyncio.to_thread(judge, body)


def _checked(operation: Operation, body: bytes) -> Checked:
    """What is to be said of `body`, which most often is right: then a glance will do (ADR 24)."""
    records = operation.count(body)
    return operation.check(body) if records is None else Checked(records)
