"""Pages of a list that is ordered by a time, with the document's `_id` as tie-break."""

import asyncio
import heapq
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from domain.reading import Cursor
from storage.driver import Collection, Document, Filter, Keys

_FIRST_WINDOW, _GROWTH = 32, 8
"""Milliseconds of the first window of time, and how many times the last one the next is wide."""

_MOST_AT_ONCE = 16
"""Stretches between two marks that one window reaches over, at most."""

_A_CURSOR = 10_000
"""Documents that are read by one cursor; a server that sorts holds as many."""

_BEGIN_OF_TIME, _END_OF_TIME = -62_135_596_800_001, 253_402_300_800_000
"""Before the year 1 and after the year 9999, in ms since the Unix epoch."""


Marks = Callable[[], Awaitable[list[int]]]


@dataclass(frozen=True, slots=True)
class Listing:
    """What is listed: an index answers it, of which `within` fixes the first fields."""

    within: Filter
    time: str
    """The field it is ordered by, in ms since the Unix epoch."""
    above: int | None = None
    until: int | None = None
    descending: bool = False

    @property
    def sort(self) -> Keys:
        """The list's order. Both the same way, so that one index serves it from either end."""
        direction = -1 if self.descending else 1
        return [(self.time, direction), ("_id", direction)]

    @property
    def filter(self) -> dict[str, Any]:
        """Finds all that is listed."""
        bounds = {}
        if self.above is not None:
            bounds["$gt"] = self.above
        if self.until is not None:
            # not `$lte`: SecantusDB misses the last millisecond of it, where an index answers
            bounds["$lt"] = self.until + 1
        return {**self.within, self.time: bounds} if bounds else dict(self.within)

    @property
    def start(self) -> int | None:
        """The bound that it begins at, if it has one."""
        return self.until if self.descending else self.above

    def at_time_of(self, cursor: Cursor) -> dict[str, Any]:
        """Finds what has the cursor's own time and comes after it."""
        side = "$lt" if self.descending else "$gt"
        return {**self.within, self.time: cursor.at, "_id": {side: cursor.id}}

    def beyond(self, at: int) -> "Listing":
        """What is listed and comes after all that has the time `at`."""
        if self.descending:
            return replace(self, until=at - 1 if self.until is None else min(self.until, at - 1))
        return replace(self, above=at if self.above is None else max(self.above, at))

    def holds(self, at: int) -> bool:
        """Whether documents of the time `at` are listed."""
        return (self.above is None or at > self.above) and (self.until is None or at <= self.until)


class Pager:
    """Reads pages of one collection's listings."""

    def __init__(self, collection: Collection, marks: Marks | None = None) -> None:
        """Asks the server at the first page how it reads. `marks` tells times, in order, between which
        there are few documents."""
        self._collection = collection
        self._marks = marks
        self._by_windows: bool | None = None

    async def read(
        self,
        listings: Sequence[Listing],
        *,
        after: Cursor | None,
        limit: int,
        skip: int = 0,
        projection: Sequence[str] | None = None,
    ) -> list[Document]:
        """At most `limit` documents after `after`, without the first `skip`, of all listings as one.

        `projection` names the fields that are read, the listings' time among them; all, if not given.

        They have the same order, and no document is in two of them: one range of the index for
        each, rather than an `$in` before a range, for which SecantusDB reads the whole collection.
        """
        if not listings:
            return []
        if skip and after is None and len(listings) == 1:
            return await self._collection.find(
                listings[0].filter, projection=projection, sort=listings[0].sort, skip=skip, limit=limit
            )
        by_windows = await self._needs_windows(listings[0])
        marks = await self._marks() if self._marks is not None and by_windows else None
        pages = await asyncio.gather(
            *(
                read_first(
                    self._collection,
                    listing,
                    after=after,
                    count=skip + limit,
                    by_windows=by_windows,
                    projection=projection,
                    marks=marks,
                )
                for listing in listings
            )
        )
        merged = heapq.merge(
            *pages,
            key=lambda document: (document[listings[0].time], document["_id"]),
            reverse=listings[0].descending,
        )
        return list(islice(merged, skip, skip + limit))

    async def follow(
        self, listing: Listing, *, after: Cursor | None, most: int, projection: Sequence[str]
    ) -> AsyncGenerator[list[Document]]:
        """All documents after `after`, in lists of at most `most`; `projection` as in `read`.

        By one cursor for many lists: a server that reads all that a range holds does so once for them.
        """
        by_windows = await self._needs_windows(listing)
        read = _A_CURSOR
        while read == _A_CURSOR:
            read = 0
            async for found in self._follow(listing, after, most, projection, by_windows=by_windows):
                read += len(found)
                after = Cursor(found[-1][listing.time], found[-1]["_id"])
                yield found

    async def _follow(
        self,
        listing: Listing,
        after: Cursor | None,
        most: int,
        projection: Sequence[str],
        *,
        by_windows: bool,
    ) -> AsyncGenerator[list[Document]]:
        """The first `_A_CURSOR` of them."""
        left, pending = _A_CURSOR, list[Document]()
        for filter in _filters(listing, after, by_windows=by_windows):
            cursor = self._collection.batches(
                filter, projection=projection, sort=listing.sort, limit=left, size=most
            )
            async with aclosing(cursor):
                async for found in cursor:
                    left -= len(found)
                    pending += found
                    if len(pending) >= most:
                        yield pending[:most]
                        pending = pending[most:]
            if not left:
                break
        if pending:
            yield pending

    async def _needs_windows(self, listing: Listing) -> bool:
        if self._by_windows is None:
            plan = await self._collection.explain(listing.filter, sort=listing.sort, limit=1)
            sorts = '"SORT"' in json.dumps(plan["queryPlanner"]["winningPlan"], default=str)
            # SecantusDB reads all of a range of an index before it gives the first of it, whatever its plan.
            self._by_windows = sorts or await self._collection.server.is_secantus()
        return self._by_windows


async def read_first(
    collection: Collection,
    listing: Listing,
    *,
    after: Cursor | None,
    count: int,
    by_windows: bool,
    projection: Sequence[str] | None = None,
    marks: Sequence[int] | None = None,
) -> list[Document]:
    """The first `count` documents after `after`."""
    found: list[Document] = []
    for filter in _filters(listing, after, by_windows=by_windows, marks=marks):
        found += await collection.find(
            filter, projection=projection, sort=listing.sort, limit=count - len(found)
        )
        if len(found) == count:
            break
    return found


def _filters(
    listing: Listing, after: Cursor | None, *, by_windows: bool, marks: Sequence[int] | None = None
) -> Iterator[Filter]:
    """Finds all that is listed after `after`, one filter after the other.

    Two ranges of one index, rather than an `$or` that a planner may answer by a scan: first the
    rest of the cursor's own millisecond, then what is beyond. A server that reads all that a range
    holds, as SecantusDB does, is asked `by_windows` of time that grow until they hold enough; with
    `marks`, between those.
    """
    rest = listing
    if after is not None:
        rest = listing.beyond(after.at)
        if listing.holds(after.at):
            yield listing.at_time_of(after)
    for part in _parts(rest, marks) if by_windows else [rest]:
        yield part.filter


def _parts(listing: Listing, marks: Sequence[int] | None) -> Iterator[Listing]:
    return _windows(listing) if marks is None else _between(listing, marks)


def _between(listing: Listing, marks: Sequence[int]) -> Iterator[Listing]:
    """What is listed, in parts from mark to mark, and over more of them the longer it takes."""
    above = _BEGIN_OF_TIME if listing.above is None else listing.above
    until = _END_OF_TIME if listing.until is None else listing.until
    edges = [above, *(mark - 1 for mark in marks if above < mark - 1 < until), until]
    start, width = 0, 1
    while above < until and start < len(edges) - 1:
        end = min(start + width, len(edges) - 1)
        low, high = (-1 - end, -1 - start) if listing.descending else (start, end)
        yield replace(listing, above=edges[low], until=edges[high])
        start, width = end, min(2 * width, _MOST_AT_ONCE)


def _windows(listing: Listing) -> Iterator[Listing]:
    """What is listed, in parts, each wider than the one before; whole where its start is open."""
    if listing.start is None:
        yield listing
        return
    width = _FIRST_WINDOW
    above = _BEGIN_OF_TIME if listing.above is None else listing.above
    until = _END_OF_TIME if listing.until is None else listing.until
    while above < until:
        if listing.descending:
            middle = max(until - width, above)
            yield replace(listing, above=middle, until=until)
            until = middle
        else:
            middle = min(above + width, until)
            yield replace(listing, above=above, until=middle)
            above = middle
        width *= _GROWTH
