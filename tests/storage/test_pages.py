from typing import Any

import pytest

from domain.reading import Cursor
from storage.driver import Collection, Database, Document, Filter
from storage.pages import Listing, Pager, read_first

YEAR = 31_536_000_000
TIMES = [-5, 0, 1, 1, 1, 2, 33, 34, 40, 5_000, 5_000, YEAR, 60 * YEAR, 60 * YEAR + 1]
"""Ties, neighbours on the edges of windows, and gaps of every size; milliseconds."""


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize(
    ("by_windows", "marks"),
    [(False, None), (True, None), (True, []), (True, [-7, 1, 2, 34, 34_000, YEAR, 61 * YEAR])],
)
@pytest.mark.parametrize("count", [1, 5, 100])
async def test_what_follows_any_cursor_is_found_whole(
    database: Database, by_windows: bool, marks: list[int] | None, count: int, descending: bool
) -> None:
    """However the server is asked, from either end, of one list or of the part of it within bounds."""
    rows = [(at, f"d{n:02d}") for n, at in enumerate(TIMES)]
    collection = database.collection("things")
    await collection.insert_missing([{"_id": id, "kind": "a", "at": at} for at, id in rows])

    rows.sort(reverse=descending)
    for above, until in ((None, None), (None, 0), (0, 34), (1, None), (40, 5_000), (5, 2)):
        listed = [
            (at, id) for at, id in rows if (above is None or at > above) and (until is None or at <= until)
        ]
        listing = Listing({"kind": "a"}, "at", above, until, descending)
        for cursor in [None, *(Cursor(*row) for row in rows), Cursor(-9, ""), Cursor(70 * YEAR, "")]:
            found = await read_first(
                collection, listing, after=cursor, count=count, by_windows=by_windows, marks=marks
            )
            following = [
                row
                for row in listed
                if cursor is None or (row < tuple(cursor) if descending else row > tuple(cursor))
            ]
            assert following[:count] == [(one["at"], one["_id"]) for one in found]


async def test_a_page_of_several_listings_is_one_list(database: Database) -> None:
    """Merged in order; a skip is counted over all of them."""
    collection = database.collection("things")
    await collection.insert_missing([{"_id": f"d{n}", "kind": "abc"[n % 3], "at": n // 2} for n in range(9)])
    listings = [Listing({"kind": kind}, "at") for kind in "ac"]
    pager = Pager(collection)

    page = await pager.read(listings, after=None, limit=3, skip=1)
    rest = await pager.read(listings, after=Cursor(page[-1]["at"], page[-1]["_id"]), limit=9)

    assert ["d2", "d3", "d5"] == [one["_id"] for one in page]
    assert ["d6", "d8"] == [one["_id"] for one in rest]
    assert [] == await pager.read([], after=None, limit=9)


async def test_a_page_of_several_listings_is_one_list_from_its_end(database: Database) -> None:
    """Latest first, ties by id backwards."""
    collection = database.collection("things")
    await collection.insert_missing([{"_id": f"d{n}", "kind": "abc"[n % 3], "at": n // 2} for n in range(9)])
    listings = [Listing({"kind": kind}, "at", descending=True) for kind in "ac"]
    pager = Pager(collection)

    page = await pager.read(listings, after=None, limit=3)
    rest = await pager.read(listings, after=Cursor(page[-1]["at"], page[-1]["_id"]), limit=9)

    assert ["d8", "d6", "d5"] == [one["_id"] for one in page]
    assert ["d3", "d2", "d0"] == [one["_id"] for one in rest]


async def test_a_list_is_read_from_mark_to_mark(database: Database) -> None:
    """A server that reads all of a range is asked for what holds a page, however many there are."""
    collection = database.collection("things")
    await collection.create_indexes({"by_kind": [("kind", 1), ("at", 1), ("_id", 1)]})
    await collection.insert_missing([{"_id": f"d{n}", "kind": "a", "at": n} for n in range(400)])
    asked: list[Listing] = []

    class Counting(Collection):
        async def find(self, filter: Filter, **how: Any) -> list[Document]:
            found = await super().find(filter, **how)
            asked.append(Listing(filter, "at"))
            return found

    counting = Counting(collection._collection, collection.server)
    marks = list(range(0, 400, 10))
    page = await read_first(
        counting, Listing({"kind": "a"}, "at"), after=None, count=5, by_windows=True, marks=marks
    )

    assert [f"d{n}" for n in range(5)] == [one["_id"] for one in page]
    ranges = [await collection.count(one.within, 400) for one in asked]
    assert max(ranges) <= 20
