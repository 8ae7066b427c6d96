"""What the SQLite queue does to its file, each for a whole batch inside the writer's transaction.

Every function takes the requests of one kind that are waiting and returns their results in order;
a result that is an exception is raised to the one who asked.
"""

import json
import sqlite3
from collections.abc import Callable, Sequence
from typing import NamedTuple

from domain.errors import QueueFullError
from messaging import sqlite_sql as sql
from messaging.port import Message


def size_of_body(message: Message) -> int:
    """What a message counts for, in bytes, as RabbitMQ counts it."""
    return len(message.body)


class Bounds(NamedTuple):
    """What the queue holds at most, claimed messages included."""

    messages: int
    bytes: int
    """Of what `weigh` says of each message."""
    weigh: Callable[[Message], int] = size_of_body


class Claim(NamedTuple):
    """A consumer's wish for messages."""

    owner: str
    now: int
    """Milliseconds since the Unix epoch: leases that ended before this are over."""
    until: int
    """When the new leases end."""
    max_messages: int
    max_bytes: int


class Held(NamedTuple):
    """Messages that `owner` holds, by number."""

    owner: str
    seqs: tuple[int, ...]


class Claimed(NamedTuple):
    """A message handed to a consumer."""

    seq: int
    deliveries: int
    """How often it was handed out, this time included."""
    message: Message


def open_file(db: sqlite3.Connection) -> None:
    """Make the tables where they are missing. Raises sqlite3.OperationalError where WAL is impossible."""
    (mode,) = db.execute(sql.USE_WAL).fetchone()
    if mode != "wal":
        raise sqlite3.OperationalError(f"the file system allows no WAL, only {mode}")
    for statement in sql.PREPARE:
        db.execute(statement)
    db.execute(sql.BEGIN)
    for statement in sql.SCHEMA:
        db.execute(statement)
    db.execute(sql.COMMIT)


def append(
    bounds: Bounds, db: sqlite3.Connection, messages: Sequence[Message]
) -> list[QueueFullError | None]:
    """Add the messages that fit; each that does not is a QueueFullError."""
    count, size, newest = db.execute(sql.READ_TOTALS).fetchone()
    results: list[QueueFullError | None] = []
    states: list[object] = []
    bodies: list[object] = []
    added = added_bytes = 0
    for message in messages:
        weight = bounds.weigh(message)
        if count + added >= bounds.messages or size + added_bytes + weight > bounds.bytes:
            results.append(QueueFullError("the queue is full"))
            continue
        added += 1
        added_bytes += weight
        states += (newest + added, message.id, weight)
        bodies += (newest + added, json.dumps(dict(message.headers)), message.body)
        results.append(None)
    if added:
        rows = ",".join(["(?,?,?)"] * added)
        db.execute(sql.INSERT_MESSAGES + rows, states)
        db.execute(sql.INSERT_BODIES + rows, bodies)
        db.execute(sql.ADD_TO_TOTALS, (added, added_bytes, added))
    return results


def claim(db: sqlite3.Connection, claims: Sequence[Claim]) -> list[list[Claimed]]:
    """Hand each consumer its messages, oldest first; those whose lease is over count as waiting."""
    db.execute(sql.RELEASE_EXPIRED, (max(one.now for one in claims),))
    return [_claim(db, one) for one in claims]


def _claim(db: sqlite3.Connection, one: Claim) -> list[Claimed]:
    wish = {"owner": one.owner, "until": one.until, "count": one.max_messages, "bytes": one.max_bytes}
    seqs = [seq for (seq,) in db.execute(sql.CLAIM, wish).fetchall()]
    if not seqs:
        return []
    return [
        Claimed(seq, deliveries, Message(json.loads(headers), body, message_id))
        for seq, message_id, deliveries, headers, body in db.execute(sql.READ_CLAIMED, (json.dumps(seqs),))
    ]


def forget(db: sqlite3.Connection, helds: Sequence[Held]) -> list[None]:
    """Remove messages; one that its owner no longer holds stays."""
    for held in _merged(helds):
        count, size, seqs = db.execute(sql.SUM_HELD, _named(held)).fetchone()
        if count:
            db.execute(sql.DELETE_MESSAGES, (seqs,))
            db.execute(sql.DELETE_BODIES, (seqs,))
            db.execute(sql.ADD_TO_TOTALS, (-count, -size, 0))
    return [None] * len(helds)


def release(db: sqlite3.Connection, helds: Sequence[Held]) -> list[None]:
    """Let messages wait again; one that its owner no longer holds stays as it is."""
    for held in _merged(helds):
        db.execute(sql.RELEASE, _named(held))
    return [None] * len(helds)


def renew(db: sqlite3.Connection, renewals: Sequence[tuple[Held, int]]) -> list[None]:
    """Move the end of leases that are still held to the given time, in ms since the epoch."""
    for held, until in renewals:
        db.execute(sql.RENEW, {**_named(held), "until": until})
    return [None] * len(renewals)


def release_owners(db: sqlite3.Connection, owners: Sequence[str]) -> list[None]:
    """Let all that these consumers hold wait again."""
    for owner in owners:
        db.execute(sql.RELEASE_OWNER, (owner,))
    return [None] * len(owners)


def sweep(db: sqlite3.Connection, checks: Sequence[Callable[[str], bool]]) -> list[int]:
    """Let all wait again that consumers hold who are no longer alive; returns how many died."""
    owners = [owner for (owner,) in db.execute(sql.READ_OWNERS).fetchall()]
    dead = [owner for owner in owners if not checks[0](owner)]
    release_owners(db, dead)
    return [len(dead)] * len(checks)


def count_waiting(db: sqlite3.Connection, asked: Sequence[None]) -> list[int]:
    """How many messages wait to be delivered."""
    (count,) = db.execute(sql.COUNT_WAITING).fetchone()
    return [count] * len(asked)


def _merged(helds: Sequence[Held]) -> list[Held]:
    by_owner: dict[str, list[int]] = {}
    for held in helds:
        by_owner.setdefault(held.owner, []).extend(held.seqs)
    return [Held(owner, tuple(seqs)) for owner, seqs in by_owner.items()]


def _named(held: Held) -> dict[str, str | int]:
    return {"owner": held.owner, "seqs": json.dumps(held.seqs)}
