"""Marks in the time of dead letters, between which only so many are: they tell how much a range holds.

A server that reads all of a range of an index before it gives the first of it, as SecantusDB does, is asked
for ranges of a known size, however dense the letters came (ADR 22). No answer depends on a mark.
"""

from collections.abc import Sequence

from domain.receipts import DeadLetter
from storage.driver import Database, Document

LETTER_MARKS = "dead_letter_marks"

_BETWEEN = 250
"""Letters that one process keeps between two marks of its own."""


class LetterMarks:
    """One document for some hundred letters, called after the time that one of them was first seen at."""

    def __init__(self, database: Database) -> None:
        """Keeps them in `dead_letter_marks` of `database`."""
        self._marks = database.collection(LETTER_MARKS)
        self._since = _BETWEEN - 1

    async def put(self, letters: Sequence[DeadLetter]) -> None:
        """Mark what is due of letters that are about to be kept; again is harmless."""
        marks: list[Document] = []
        for time in sorted(letter.first_seen for letter in letters):
            self._since += 1
            if self._since >= _BETWEEN:
                self._since = 0
                marks.append({"_id": time})
        if marks:
            await self._marks.insert_missing(marks)

    async def times(self) -> list[int]:
        """Every mark, in ms since the Unix epoch, in order."""
        return sorted(mark["_id"] for mark in await self._marks.find({}, projection=["_id"]))
