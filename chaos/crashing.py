"""Runs a `portico` command that ends like a power cut at a named point, or with a clock that is wrong.

Usage: `python crashing.py POINT:NTH COMMAND`, or `python crashing.py clock:MILLISECONDS COMMAND`. Portico
knows nothing of either: what it calls at these points is wrapped here, before it starts.
"""

import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

CLOCK = "clock"
BEFORE_WRITE = "before a write"
AFTER_WRITE = "after a write"
AFTER_DEAD_LETTER = "after a dead letter"
AFTER_RECEIPT = "after a receipt"
BEFORE_ACK = "before an ack"
AFTER_ACK = "after an ack"
POINTS = (BEFORE_WRITE, AFTER_WRITE, AFTER_DEAD_LETTER, AFTER_RECEIPT, BEFORE_ACK, AFTER_ACK)
"""In the order in which an ingestion passes them."""

Call = Callable[..., Awaitable[Any]]


def main() -> None:
    """Prepare the end, or the clock, and become `portico`."""
    name, _, number = sys.argv[1].rpartition(":")
    del sys.argv[1]
    if name == CLOCK:
        _set_clock(int(number))
    else:
        _place(name, int(number))
    from cli import main as portico  # noqa: PLC0415 - after the clock, which others import by name

    portico()


def _set_clock(offset: int) -> None:
    import domain.clock  # noqa: PLC0415 - not before it is needed

    domain.clock.system_clock = lambda: time.time_ns() // 1_000_000 + offset


def _place(point: str, nth: int) -> None:
    from messaging.amqp import AmqpDelivery  # noqa: PLC0415 - as above
    from messaging.sqlite_consumer import SqliteDelivery  # noqa: PLC0415
    from storage.dead_letters import DeadLetterRepository  # noqa: PLC0415
    from storage.receipts import ReceiptRepository  # noqa: PLC0415
    from storage.records import RecordRepository  # noqa: PLC0415

    places: dict[str, list[tuple[type, str]]] = {
        BEFORE_WRITE: [(RecordRepository, "write_many")],
        AFTER_WRITE: [(RecordRepository, "write_many")],
        AFTER_DEAD_LETTER: [(DeadLetterRepository, "put_many")],
        AFTER_RECEIPT: [(ReceiptRepository, "put_many")],
        BEFORE_ACK: [(AmqpDelivery, "ack"), (SqliteDelivery, "ack")],
        AFTER_ACK: [(AmqpDelivery, "ack"), (SqliteDelivery, "ack")],
    }
    ending = _Ending(nth)
    for owner, method in places[point]:
        setattr(owner, method, _wrapped(getattr(owner, method), ending, before=point.startswith("before")))


class _Ending:
    """Ends the process the nth time that it is asked."""

    def __init__(self, nth: int) -> None:
        self._left = nth

    def __call__(self) -> None:
        self._left -= 1
        if not self._left:
            os.kill(os.getpid(), signal.SIGKILL)


def _wrapped(call: Call, ending: _Ending, *, before: bool) -> Call:
    async def wrapped(*arguments: Any, **named: Any) -> Any:
        if before:
            ending()
        result = await call(*arguments, **named)
        if not before:
            ending()
        return result

    return wrapped


if __name__ == "__main__":
    main()
