"""The SQLite queue's SQL, in one place.

Bodies lie apart from the messages' state, so that claiming, renewing and releasing rewrite a short
row and never the body. Lists travel as JSON arrays: one statement does a whole batch, however long
it is. That is more than tidiness: each statement hands Python's interpreter lock back and forth
once, and under load each hand-over may wait for the event loop.
"""

USE_WAL = "PRAGMA journal_mode = WAL"
PREPARE = (
    "PRAGMA synchronous = FULL",  # a commit is on disk when it returns
    "PRAGMA journal_size_limit = 67108864",
)

SCHEMA = (
    # `owner` is the consumer that holds the message, empty while it waits; `until` (ms since the
    # Unix epoch) ends its lease; `deliveries` counts how often it was handed out.
    """CREATE TABLE IF NOT EXISTS messages (
        seq INTEGER PRIMARY KEY,
        id TEXT NOT NULL,
        size INTEGER NOT NULL,
        owner TEXT NOT NULL DEFAULT '',
        until INTEGER NOT NULL DEFAULT 0,
        deliveries INTEGER NOT NULL DEFAULT 0
    )""",
    "CREATE INDEX IF NOT EXISTS waiting ON messages (seq, size) WHERE owner = ''",
    "CREATE INDEX IF NOT EXISTS claimed ON messages (owner, until) WHERE owner <> ''",
    """CREATE TABLE IF NOT EXISTS bodies (
        seq INTEGER PRIMARY KEY,
        headers TEXT NOT NULL,
        body BLOB NOT NULL
    )""",
    # One row: what is in the queue, and the newest message's number. Kept here because counting
    # would read the whole queue at every publish.
    """CREATE TABLE IF NOT EXISTS totals (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        messages INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        newest INTEGER NOT NULL
    )""",
    "INSERT OR IGNORE INTO totals VALUES (1, 0, 0, 0)",
)

BEGIN = "BEGIN IMMEDIATE"
COMMIT = "COMMIT"
ROLLBACK = "ROLLBACK"

READ_TOTALS = "SELECT messages, bytes, newest FROM totals"
ADD_TO_TOTALS = "UPDATE totals SET messages = messages + ?, bytes = bytes + ?, newest = newest + ?"

INSERT_MESSAGES = "INSERT INTO messages (seq, id, size) VALUES "
INSERT_BODIES = "INSERT INTO bodies (seq, headers, body) VALUES "

# The oldest waiting messages: at most :count, and of those after the first only as long as the
# bodies add up to :bytes.
CLAIM = """
    UPDATE messages SET owner = :owner, until = :until, deliveries = deliveries + 1
    WHERE seq IN (
        SELECT seq FROM (
            SELECT seq,
                   sum(size) OVER (ORDER BY seq) AS so_far,
                   row_number() OVER (ORDER BY seq) AS place
            FROM (SELECT seq, size FROM messages WHERE owner = '' ORDER BY seq LIMIT :count)
        ) WHERE so_far <= :bytes OR place = 1
    )
    RETURNING seq"""
READ_CLAIMED = """
    SELECT seq, id, deliveries, headers, body FROM messages JOIN bodies USING (seq)
    WHERE seq IN (SELECT value FROM json_each(?)) ORDER BY seq"""

_HELD = "owner = :owner AND seq IN (SELECT value FROM json_each(:seqs))"
SUM_HELD = f"SELECT count(*), coalesce(sum(size), 0), json_group_array(seq) FROM messages WHERE {_HELD}"  # noqa: S608
DELETE_MESSAGES = "DELETE FROM messages WHERE seq IN (SELECT value FROM json_each(?))"
DELETE_BODIES = "DELETE FROM bodies WHERE seq IN (SELECT value FROM json_each(?))"
RENEW = f"UPDATE messages SET until = :until WHERE {_HELD}"  # noqa: S608
RELEASE = f"UPDATE messages SET owner = '' WHERE {_HELD}"  # noqa: S608
RELEASE_OWNER = "UPDATE messages SET owner = '' WHERE owner = ?"
RELEASE_EXPIRED = "UPDATE messages SET owner = '' WHERE owner <> '' AND until < ?"

READ_OWNERS = "SELECT DISTINCT owner FROM messages WHERE owner <> ''"
COUNT_WAITING = "SELECT count(*) FROM messages WHERE owner = ''"
