"""Dead letters that come from another store, with all that was done with them there."""

from collections.abc import Sequence
from dataclasses import asdict

from domain.dead_letters.entities import KeptLetter
from storage.dead_letters import (
    DEAD_LETTERS,
    GROUPS,
    PART,
    PARTS,
    group_documents,
    letter_document,
    parts_of,
)
from storage.driver import Database, Document
from storage.letter_changes import edit_parts
from storage.letter_marks import LetterMarks
from storage.letter_names import LetterNames


class LetterArrivalRepository:
    """Brings dead letters in (domain.dead_letters.ports.LetterArrivals)."""

    def __init__(self, database: Database, names: LetterNames, marks: LetterMarks) -> None:
        """Adds to what DeadLetterRepository keeps in `database`, `names` and `marks`."""
        self._letters = database.collection(DEAD_LETTERS)
        self._parts = database.collection(PARTS)
        self._groups = database.collection(GROUPS)
        self._names = names
        self._marks = marks

    async def there(self, ids: Sequence[str]) -> set[str]:
        """Those of `ids` that there are."""
        return {one["_id"] for one in await self._letters.find_ids(ids, projection=["_id"])}

    async def put_missing(self, letters: Sequence[KeptLetter]) -> int:
        """Keep those whose ids are not there; how many that were. The letters come last: cut short, what
        belongs to one that is not there yet is there when it comes."""
        await self._groups.insert_missing(group_documents([kept.letter for kept in letters]))
        await self._parts.insert_missing(
            [
                part
                for kept in letters
                for part in (*parts_of(kept.id, kept.letter.body[PART:]), *edit_parts(kept))
            ]
        )
        await self._names.put([kept.letter for kept in letters])
        await self._names.add([kept for kept in letters if kept.edited is not None])
        await self._marks.put([kept.letter for kept in letters])
        known = await self._letters.insert_missing([_document(kept) for kept in letters])
        return len(letters) - len(known)


def _document(kept: KeptLetter) -> Document:
    return {
        **letter_document(kept.letter),
        "state": kept.state.value,
        "revision": kept.revision,
        "history": [asdict(entry) for entry in kept.history],
        "edit": [part["_id"] for part in edit_parts(kept)],
        "edited": kept.edited is not None,
        "size": len(kept.letter.body) + len(kept.edited or b""),
        "stored_in_part": kept.stored_in_part,
        "job": kept.job,
    }
