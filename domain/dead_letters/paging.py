"""Going through a selection of dead letters, in parts."""

from collections.abc import AsyncIterator

from domain.dead_letters.entities import KeptLetter, Selection
from domain.dead_letters.ports import KeptLetterStore
from domain.reading import Cursor

_AT_ONCE = 50
"""Letters in hand at a time, whatever is selected."""


async def frozen_pages(
    letters: KeptLetterStore, selection: Selection, now: int, at_once: int = _AT_ONCE
) -> AsyncIterator[list[KeptLetter]]:
    """What is selected at `now`, `at_once` at a time; letters that come in meanwhile are not."""
    frozen = selection.frozen(now)
    after: Cursor | None = None
    while page := await letters.page(frozen, after=after, limit=at_once):
        yield page
        after = Cursor(page[-1].letter.first_seen, page[-1].id)
