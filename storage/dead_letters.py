"""Dead letters: records and messages that could not be stored and wait for an operator."""

import hashlib
from collections.abc import Sequence

from domain.dead_letters.entities import State
from domain.dead_letters.places import place_of
from domain.receipts import DeadLetter
from storage.bulk import Update
from storage.driver import Database, Document
from storage.letter_marks import LetterMarks
from storage.letter_names import LetterNames

DEAD_LETTERS = "dead_letters"
PARTS = "dead_letter_parts"
GROUPS = "dead_letter_groups"

PART = 12 * 1024 * 1024
"""Bytes of body in one document: a message of any size becomes a dead letter."""


class DeadLetterRepository:
    """Dead letters (domain.ports.DeadLetterStore)."""

    def __init__(self, database: Database, names: LetterNames, marks: LetterMarks) -> None:
        """Keeps them in `dead_letters` of `database`, what is over-long in `dead_letter_parts`, the
        causes that there are in `dead_letter_groups`, whom they name in `names`, and how many there
        are in which time in `marks`."""
        self._names = names
        self._marks = marks
        self._letters = database.collection(DEAD_LETTERS)
        self._parts = database.collection(PARTS)
        self._groups = database.collection(GROUPS)

    async def put_many(self, letters: Sequence[DeadLetter]) -> None:
        """Keep all; one that is kept already gets its last-seen time and attempts renewed."""
        await self._groups.insert_missing(group_documents(letters))
        await self._parts.insert_missing(
            [part for letter in letters for part in parts_of(letter.id, letter.body[PART:])]
        )
        await self._names.put(letters)
        await self._marks.put(letters)
        kept = await self._letters.insert_missing([letter_document(letter) for letter in letters])
        await self._letters.write([_renewal(letters[index]) for index in sorted(kept)])


def fingerprint(letter: DeadLetter) -> str:
    """What letters with one cause share: operation, stage, code, and the place of the fault."""
    material = "\x1f".join((letter.operation, letter.stage, letter.code, place_of(letter.pointer)))
    return hashlib.sha256(scrubbed(material).encode()).hexdigest()[:32]


def group_documents(letters: Sequence[DeadLetter]) -> list[Document]:
    """A document for each tenant and cause, kept before the first letter of it is."""
    documents = (_group_document(letter) for letter in letters)
    return list({document["_id"]: document for document in documents}.values())


def _group_document(letter: DeadLetter) -> Document:
    cause = fingerprint(letter)
    return {
        "_id": f"{cause}/{scrubbed(letter.tenant)}",
        "tenant": scrubbed(letter.tenant),
        "fingerprint": cause,
        "operation": scrubbed(letter.operation),
        "stage": letter.stage,
        "code": letter.code,
        "place": scrubbed(place_of(letter.pointer)),
    }


def reason_document(letter: DeadLetter) -> Document:
    """Why the letter failed, as fields."""
    return {
        "stage": letter.stage,
        "code": letter.code,
        "message": scrubbed(letter.message),
        "pointer": scrubbed(letter.pointer),
    }


def letter_document(letter: DeadLetter) -> Document:
    """A letter that nobody has dealt with, as it is kept."""
    return {
        "_id": letter.id,
        "tenant": scrubbed(letter.tenant),
        "operation": scrubbed(letter.operation),
        "ingestion_id": scrubbed(letter.ingestion_id),
        "index": letter.index,
        **reason_document(letter),
        "fingerprint": fingerprint(letter),
        "state": State.OPEN.value,
        "revision": 1,
        "history": [],
        "body": letter.body[:PART],
        "parts": len(parts_of(letter.id, letter.body[PART:])),
        "size": len(letter.body),
        "edit": [],
        "edited": False,
        "stored_in_part": False,
        "job": "",
        "headers": [[scrubbed(name), scrubbed(value)] for name, value in letter.headers.items()],
        "attempts": letter.attempts,
        "records": letter.records,
        "accepted_at": letter.accepted_at,
        "first_seen": letter.first_seen,
        "last_seen": letter.last_seen,
        "attempted_at": list(letter.attempted_at),
    }


def parts_of(name: str, payload: bytes) -> list[Document]:
    """`payload` in documents that the store holds, called after `name`, which begins with the letter's id."""
    starts = range(0, len(payload), PART)
    return [
        {
            "_id": part_id(name, number),
            "letter": name.partition("/")[0],
            "body": payload[start : start + PART],
        }
        for number, start in enumerate(starts)
    ]


def part_id(letter_id: str, number: int) -> str:
    """The `_id` of a part of the body of a letter."""
    return f"{letter_id}/{number:04d}"


def _renewal(letter: DeadLetter) -> Update:
    return Update({"_id": letter.id}, {"$max": {"last_seen": letter.last_seen, "attempts": letter.attempts}})


def scrubbed(text: str) -> str:
    """`text` with lone surrogates, which other producers may send and no store holds, spelled out."""
    return text.encode("utf-8", "backslashreplace").decode()
