"""Dead letters: records and messages that could not be stored and wait for an operator."""

import hashlib
import re
from collections.abc import Sequence

from domain.reading import Cursor
from domain.receipts import DeadLetter
from storage.driver import Database, Document, Update
from storage.pages import Listing, Pager

DEAD_LETTERS = "dead_letters"
PARTS = "dead_letter_parts"
OPEN = "open"
"""State of a dead letter that nobody has dealt with."""

_PART = 12 * 1024 * 1024
"""Bytes of body in one document: a message of any size becomes a dead letter."""

_ARRAY_INDEX = re.compile(r"/\d+(?=/|$)")


class DeadLetterRepository:
    """Dead letters (domain.ports.DeadLetterStore)."""

    def __init__(self, database: Database) -> None:
        """Keeps them in `dead_letters` of `database`, and what is over-long in `dead_letter_parts`."""
        self._letters = database.collection(DEAD_LETTERS)
        self._pager = Pager(self._letters)
        self._parts = database.collection(PARTS)

    async def put_many(self, letters: Sequence[DeadLetter]) -> None:
        """Keep all; one that is kept already gets its last-seen time and attempts renewed."""
        await self._parts.insert_missing([part for letter in letters for part in _part_documents(letter)])
        kept = await self._letters.insert_missing([_document(letter) for letter in letters])
        await self._letters.write([_renewal(letters[index]) for index in sorted(kept)])

    async def get(self, tenant: str, id: str) -> DeadLetter | None:
        """The tenant's dead letter `id`."""
        found = await self._letters.find_ids([id], within={"tenant": tenant})
        return await self._letter(found[0]) if found else None

    async def page(self, tenant: str | None, *, after: Cursor | None, limit: int) -> list[DeadLetter]:
        """At most `limit` dead letters after `after`, by first-seen time and id, newest last.

        `tenant` None lists those of all tenants.
        """
        documents = await self._pager.read([_listing(tenant)], after=after, limit=limit)
        return [await self._letter(document) for document in documents]

    async def count(self, tenant: str | None, limit: int) -> int:
        """How many dead letters there are; counting stops at `limit`."""
        return await self._letters.count(_listing(tenant).filter, limit)

    async def _letter(self, document: Document) -> DeadLetter:
        parts = {}
        if document["parts"]:
            ids = [_part_id(document["_id"], number) for number in range(document["parts"])]
            parts = {part["_id"]: part["body"] for part in await self._parts.find_ids(ids)}
        body = document["body"] + b"".join(parts[id] for id in sorted(parts))
        return DeadLetter(
            id=document["_id"],
            tenant=document["tenant"],
            operation=document["operation"],
            ingestion_id=document["ingestion_id"],
            index=document["index"],
            stage=document["stage"],
            code=document["code"],
            message=document["message"],
            pointer=document["pointer"],
            body=body,
            headers=dict(document["headers"]),
            attempts=document["attempts"],
            records=document["records"],
            accepted_at=document["accepted_at"],
            first_seen=document["first_seen"],
            last_seen=document["last_seen"],
        )


def _listing(tenant: str | None) -> Listing:
    return Listing({} if tenant is None else {"tenant": tenant}, "first_seen")


def fingerprint(letter: DeadLetter) -> str:
    """What letters with one cause share: operation, stage, code, and pointer without array indexes."""
    place = _ARRAY_INDEX.sub("/*", letter.pointer)
    material = "\x1f".join((letter.operation, letter.stage, letter.code, place))
    return hashlib.sha256(_scrubbed(material).encode()).hexdigest()[:32]


def _document(letter: DeadLetter) -> Document:
    return {
        "_id": letter.id,
        "tenant": _scrubbed(letter.tenant),
        "operation": _scrubbed(letter.operation),
        "ingestion_id": _scrubbed(letter.ingestion_id),
        "index": letter.index,
        "stage": letter.stage,
        "code": letter.code,
        "message": _scrubbed(letter.message),
        "pointer": _scrubbed(letter.pointer),
        "fingerprint": fingerprint(letter),
        "state": OPEN,
        "body": letter.body[:_PART],
        "parts": _extra_parts(letter),
        "headers": [[_scrubbed(name), _scrubbed(value)] for name, value in letter.headers.items()],
        "attempts": letter.attempts,
        "records": letter.records,
        "accepted_at": letter.accepted_at,
        "first_seen": letter.first_seen,
        "last_seen": letter.last_seen,
    }


def _part_documents(letter: DeadLetter) -> list[Document]:
    return [
        {"_id": _part_id(letter.id, number), "body": letter.body[(number + 1) * _PART : (number + 2) * _PART]}
        for number in range(_extra_parts(letter))
    ]


def _extra_parts(letter: DeadLetter) -> int:
    return max(0, (len(letter.body) - 1) // _PART)


def _part_id(letter_id: str, number: int) -> str:
    return f"{letter_id}/{number:04d}"


def _renewal(letter: DeadLetter) -> Update:
    return Update({"_id": letter.id}, {"$max": {"last_seen": letter.last_seen, "attempts": letter.attempts}})


def _scrubbed(text: str) -> str:
    """`text` with lone surrogates, which other producers may send and no store holds, spelled out."""
    return text.encode("utf-8", "backslashreplace").decode()
