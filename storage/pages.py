"""Pages of a list that is ordered by a time, with the document's `_id` as tie-break."""

import asyncio
import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from domain.reading import Cursor
from storage.driver import Collection, Document, Filter, Keys


@dataclass(frozen=True, slots=True)
class Listing:
    """What is listed: an index answers it, of which `within` fixes the first fields."""

    within: Filter
    time: str
    """The field it is ordered by, in ms since the Unix epoch."""
    above: int | None = None
    until: int | None = None

    @property
    def sort(self) -> Keys:
        """The list's order."""
        return [(self.time, 1), ("_id", 1)]

    @property
    def filter(self) -> dict[str, Any]:
        """Finds all that is listed."""
        return self.later_than(self.above)

    def later_than(self, at: int | None) -> dict[str, Any]:
        """Finds what is listed and later than `at`."""
        bounds = {}
        if at is not None:
            bounds["$gt"] = at
        if self.until is not None:
            # not `$lte`: SecantusDB misses the last millisecond of it, where an index answers
            bounds["$lt"] = self.until + 1
        return {**self.within, self.time: bounds} if bounds else dict(self.within)

    def holds(self, at: int) -> bool:
        """Whether documents of the time `at` are listed."""
        return (self.above is None or at > self.above) and (self.until is None or at <= self.until)


async def read_page(
    collection: Collection, listing: Listing, *, after: Cursor | None, limit: int, skip: int = 0
) -> list[Document]:
    """At most `limit` documents after `after`, without the first `skip`.

    Two ranges of one index, rather than an `$or` that a planner may answer by a scan: first the
    rest of the cursor's own millisecond, then what is later.
    """
    ties: list[Document] = []
    floor = listing.above
    if after is not None and listing.holds(after.at):
        same_time = {**listing.within, listing.time: after.at, "_id": {"$gt": after.id}}
        ties = await collection.find(same_time, sort=listing.sort, limit=skip + limit)
    if after is not None and (floor is None or after.at > floor):
        floor = after.at
    page = ties[skip:]
    if len(page) < limit:
        page += await collection.find(
            listing.later_than(floor),
            sort=listing.sort,
            skip=max(0, skip - len(ties)),
            limit=limit - len(page),
        )
    return page


async def read_merged_page(
    collection: Collection, listings: Sequence[Listing], *, after: Cursor | None, limit: int, skip: int = 0
) -> list[Document]:
    """A page of several listings of the same order as one; no document is in two of them.

    One range of the index for each, rather than an `$in` before a range, for which SecantusDB
    reads the whole collection.
    """
    if len(listings) == 1:
        return await read_page(collection, listings[0], after=after, limit=limit, skip=skip)
    pages = await asyncio.gather(
        *(read_page(collection, listing, after=after, limit=skip + limit) for listing in listings)
    )
    merged = heapq.merge(*pages, key=lambda document: (document[listings[0].time], document["_id"]))
    return list(islice(merged, skip, skip + limit))
