"""Pages of a list that is ordered by a time, with the document's `_id` as tie-break."""

import asyncio
import heapq
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from domain.reading import Cursor
from storage.driver import Collection, Document, Filter, Keys

_FIRST_WINDOW, _GROWTH = 32, 8
"""Milliseconds of the first window of time, and how many times the last one the next is wide."""

_END_OF_TIME = 253_402_300_800_000
"""The year 10000, in ms since the Unix epoch."""


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


class Pager:
    """Reads pages of one collection's listings."""

    def __init__(self, collection: Collection) -> None:
        """Asks the server at the first page how it sorts."""
        self._collection = collection
        self._by_windows: bool | None = None

    async def read(
        self, listings: Sequence[Listing], *, after: Cursor | None, limit: int, skip: int = 0
    ) -> list[Document]:
        """At most `limit` documents after `after`, without the first `skip`, of all listings as one.

        They have the same order, and no document is in two of them: one range of the index for
        each, rather than an `$in` before a range, for which SecantusDB reads the whole collection.
        """
        if not listings:
            return []
        if skip and after is None and len(listings) == 1:
            return await self._collection.find(
                listings[0].filter, sort=listings[0].sort, skip=skip, limit=limit
            )
        if self._by_windows is None:
            plan = await self._collection.explain(listings[0].filter, sort=listings[0].sort, limit=1)
            self._by_windows = '"SORT"' in json.dumps(plan["queryPlanner"]["winningPlan"], default=str)
        pages = await asyncio.gather(
            *(
                read_first(
                    self._collection, listing, after=after, count=skip + limit, by_windows=self._by_windows
                )
                for listing in listings
            )
        )
        merged = heapq.merge(*pages, key=lambda document: (document[listings[0].time], document["_id"]))
        return list(islice(merged, skip, skip + limit))


async def read_first(
    collection: Collection, listing: Listing, *, after: Cursor | None, count: int, by_windows: bool
) -> list[Document]:
    """The first `count` documents after `after`.

    Two ranges of one index, rather than an `$or` that a planner may answer by a scan: first the
    rest of the cursor's own millisecond, then what is later. A server that sorts all that a range
    holds, as SecantusDB does, is asked `by_windows` of time that grow until they hold enough.
    """
    found: list[Document] = []
    floor = listing.above
    if after is not None and listing.holds(after.at):
        same_time = {**listing.within, listing.time: after.at, "_id": {"$gt": after.id}}
        found = await collection.find(same_time, sort=listing.sort, limit=count)
    if after is not None and (floor is None or after.at > floor):
        floor = after.at
    if by_windows and floor is not None:
        for window in _windows(listing, floor):
            if len(found) < count:
                found += await collection.find(window.filter, sort=listing.sort, limit=count - len(found))
    elif len(found) < count:
        found += await collection.find(listing.later_than(floor), sort=listing.sort, limit=count - len(found))
    return found


def _windows(listing: Listing, floor: int) -> Iterator[Listing]:
    """What is listed later than `floor`, in parts, each wider than the one before."""
    width = _FIRST_WINDOW
    end = _END_OF_TIME if listing.until is None else listing.until
    while floor < end:
        ceiling = min(floor + width, end)
        yield replace(listing, above=floor, until=ceiling)
        floor, width = ceiling, width * _GROWTH
