"""What the spool does to its file, beside what the SQLite queue does to the same tables.

Nothing is claimed: one process has the file, and reading must not need room on a disk that may be full.
As in `sqlite_store`, every function takes the requests that wait and returns their results in order.
"""

import json
import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from domain.errors import QueueFullError
from messaging import sqlite_sql as sql
from messaging import sqlite_store as store
from messaging.port import Message
from messaging.sqlite_store import Bounds

_NO_BOUND = 1 << 62
_ROW_BYTES = 100
"""What a message's rows take beside its body and its headers."""

_OLDEST = "SELECT id FROM messages ORDER BY seq LIMIT 1"
_SIZES = "SELECT seq, size FROM messages WHERE seq > ? ORDER BY seq LIMIT ?"
_READ = "SELECT seq, headers, body FROM bodies WHERE seq BETWEEN ? AND ? ORDER BY seq"
_SUM = "SELECT count(*), coalesce(sum(size), 0) FROM messages WHERE seq <= ?"
_NUMBER_FROM = "UPDATE totals SET newest = max(newest, ?)"
_DELETE = ("DELETE FROM messages WHERE seq <= ?", "DELETE FROM bodies WHERE seq <= ?")


class Stock(NamedTuple):
    """What is in the file."""

    messages: int
    bytes: int
    """Headers and rows included."""
    newest: int
    """The number of the message that came last, even where it is gone."""
    oldest_at: int
    """When the oldest came, in milliseconds since the Unix epoch; 0 where there is none."""


class Wish(NamedTuple):
    """For the oldest messages after one of them, so many at most and, the first aside, so many bytes."""

    after: int
    messages: int
    bytes: int


class Spooled(NamedTuple):
    """A message in the file, and its number: those that came later have higher ones."""

    seq: int
    message: Message


def bounds(max_bytes: int) -> Bounds:
    """A bound on all that messages take, so that it is one on the disk."""
    return Bounds(_NO_BOUND, max_bytes, _weigh)


def _weigh(message: Message) -> int:
    headers = sum(len(name) + len(value.encode()) for name, value in message.headers.items())
    return len(message.body) + headers + _ROW_BYTES


def put(bounds: Bounds, db: sqlite3.Connection, messages: Sequence[Message]) -> list[Stock | QueueFullError]:
    """Add the messages that fit; each id must be when it came, in milliseconds since the Unix epoch."""
    refusals = store.append(bounds, db, messages)
    stock = _look(db)
    return [refusal or stock for refusal in refusals]


def begin(db: sqlite3.Connection, lasts: Sequence[int]) -> list[Stock]:
    """See to it that what comes gets numbers after these; returns what is in the file."""
    db.execute(_NUMBER_FROM, (max(lasts),))
    return [_look(db)] * len(lasts)


def look(db: sqlite3.Connection, asked: Sequence[None]) -> list[Stock]:
    """What is in the file."""
    return [_look(db)] * len(asked)


def _look(db: sqlite3.Connection) -> Stock:
    messages, size, newest = db.execute(sql.READ_TOTALS).fetchone()
    oldest = db.execute(_OLDEST).fetchone()
    return Stock(messages, size, newest, int(oldest[0]) if oldest else 0)


def read(db: sqlite3.Connection, wishes: Sequence[Wish]) -> list[list[Spooled]]:
    """The messages wished for, oldest first; writes nothing."""
    return [_read(db, wish) for wish in wishes]


def _read(db: sqlite3.Connection, wish: Wish) -> list[Spooled]:
    first = last = size = 0
    for seq, weight in db.execute(_SIZES, (wish.after, wish.messages)).fetchall():
        size += weight
        if first and size > wish.bytes:
            break
        first, last = first or seq, seq
    return [
        Spooled(seq, Message(json.loads(headers), body))
        for seq, headers, body in db.execute(_READ, (first, last))
    ]


def remove(db: sqlite3.Connection, numbers: Sequence[int]) -> list[Stock]:
    """Remove every message up to each of the numbers."""
    last = max(numbers)
    count, size = db.execute(_SUM, (last,)).fetchone()
    if count:
        for statement in _DELETE:
            db.execute(statement, (last,))
        db.execute(sql.ADD_TO_TOTALS, (-count, -size, 0))
    return [_look(db)] * len(numbers)
