"""Dead letters that no index finds by itself: by a text in the payload, or by a customer and more."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence

from domain.dead_letters.entities import KeptLetter, Selection
from domain.reading import Cursor
from storage.driver import Document

_PLACES = 200
"""Places that are read at a time."""
_LETTERS, _BYTES = 50, 16 * 1024 * 1024
"""Letters, and bytes of them, in hand at a time; a letter that is larger is in hand by itself."""

PlacesAfter = Callable[[Cursor | None, int], Awaitable[list[Document]]]
"""So many documents with `first_seen`, and `size` if known, of what an index narrows a selection to."""
GetMany = Callable[[Sequence[str]], Awaitable[dict[str, KeptLetter]]]


async def searched(
    selection: Selection, places: PlacesAfter, get_many: GetMany, after: Cursor | None
) -> AsyncGenerator[tuple[Cursor, KeptLetter | None], None]:
    """Each place after `after`, in order, with the letter there if `selection` holds for it."""
    while page := await places(after, _PLACES):
        for slice in _slices(page):
            kept = await get_many([one["_id"] for one in slice])
            for one in slice:
                after = Cursor(one["first_seen"], one["_id"])
                found = kept.get(after.id)
                yield after, found if found is not None and selection.holds(found) else None


def _slices(page: Sequence[Document]) -> Iterator[list[Document]]:
    slice: list[Document] = []
    size = 0
    for one in page:
        bytes_of = one.get("size", 0)
        if slice and (len(slice) == _LETTERS or size + bytes_of > _BYTES):
            yield slice
            slice, size = [], 0
        slice.append(one)
        size += bytes_of
    if slice:
        yield slice
