"""What one process counts for the ledger, in memory until it is kept."""

import secrets
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count

from domain.clock import Clock
from domain.ledger.rows import Bucket, Counts, LedgerRow

_IDLE = 300_000
"""Milliseconds that a row which nothing is added to stays in memory once it is kept."""
_MOST_ROWS = 50_000
"""Rows in memory while the store is away. What comes for further ones is not counted: the bookkeeper
counts outcomes again from the receipts, and what has an outcome was accepted."""


@dataclass(slots=True)
class _Page:
    writer: str
    accepted: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    lag_total: int = 0
    lag_max: int = 0
    changed_at: int = 0
    changed: bool = False


class LedgerBook:
    """Cumulative counts by bucket. Nothing here waits, so that counting costs an ingestion nothing."""

    def __init__(self, clock: Clock) -> None:
        """Its rows are told from those of every other process, and of this one started again."""
        self._clock = clock
        self._boot = secrets.token_hex(8)
        self._numbers = count()
        self._pages: dict[Bucket, _Page] = {}

    def accepted(self, bucket: Bucket, records: int) -> None:
        """The queue promised to keep `records` more."""
        if (page := self._page(bucket)) is not None:
            page.accepted += records

    def done(self, bucket: Bucket, counts: Counts, *, lag: int = 0) -> None:
        """`counts` are durable, `lag` milliseconds after they were accepted."""
        if (page := self._page(bucket)) is not None:
            page.outcomes.update(counts)
            page.lag_total += lag * sum(counts.values())
            page.lag_max = max(page.lag_max, lag)

    def take_changed(self) -> list[LedgerRow]:
        """The rows that changed since they were last taken: to be kept, or given to `put_back`."""
        rows = [_row(bucket, page) for bucket, page in self._pages.items() if page.changed]
        idle = self._clock() - _IDLE
        self._pages = {
            bucket: page for bucket, page in self._pages.items() if page.changed or page.changed_at > idle
        }
        for page in self._pages.values():
            page.changed = False
        return rows

    def put_back(self, rows: Iterable[LedgerRow]) -> None:
        """`rows` could not be kept; they are taken again, with what was added since."""
        for row in rows:
            self._pages[row.bucket].changed = True

    def _page(self, bucket: Bucket) -> _Page | None:
        page = self._pages.get(bucket)
        if page is None:
            if len(self._pages) >= _MOST_ROWS:
                return None
            page = self._pages[bucket] = _Page(f"{self._boot}-{next(self._numbers)}")
        page.changed, page.changed_at = True, self._clock()
        return page


def _row(bucket: Bucket, page: _Page) -> LedgerRow:
    return LedgerRow(
        bucket,
        page.writer,
        page.changed_at,
        page.accepted,
        dict(page.outcomes),
        lag_total=page.lag_total,
        lag_max=page.lag_max,
    )
