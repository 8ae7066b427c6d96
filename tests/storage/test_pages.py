import pytest

from domain.reading import Cursor
from storage.driver import Database
from storage.pages import Listing, Pager, read_first

YEAR = 31_536_000_000
TIMES = [-5, 0, 1, 1, 1, 2, 33, 34, 40, 5_000, 5_000, YEAR, 60 * YEAR, 60 * YEAR + 1]
"""Ties, neighbours on the edges of windows, and gaps of every size; milliseconds."""


@pytest.mark.parametrize("by_windows", [False, True])
@pytest.mark.parametrize("count", [1, 2, 5, 100])
async def test_what_follows_any_cursor_is_found_whole(
    database: Database, by_windows: bool, count: int
) -> None:
    """However the server is asked, of one list or of the part of it up to a time."""
    rows = [(at, f"d{n:02d}") for n, at in enumerate(TIMES)]
    collection = database.collection("things")
    await collection.insert_missing([{"_id": id, "kind": "a", "at": at} for at, id in rows])

    for until in (None, 0, 34, 5_000):
        listed = [row for row in rows if until is None or row[0] <= until]
        listing = Listing({"kind": "a"}, "at", until=until)
        for at, id in [*rows, (-9, ""), (70 * YEAR, "")]:
            found = await read_first(
                collection, listing, after=Cursor(at, id), count=count, by_windows=by_windows
            )
            assert [row for row in listed if row > (at, id)][:count] == [
                (one["at"], one["_id"]) for one in found
            ]


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
