"""Reading the ledger: totals by tenant and operation, and a series by minute."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from domain.clock import Clock
from domain.ledger.rows import MINUTE, Balance, Bucket, LedgerRow, LedgerStore, balance


class Ledger:
    """The ledger, for those who look at it. Times in ms since the Unix epoch, cut to whole minutes."""

    def __init__(self, store: LedgerStore, clock: Clock) -> None:
        """Reads what processes and the bookkeeper keep in `store`, a second or so behind them."""
        self._store = store
        self._clock = clock

    async def by_bucket(self, since: int, *, tenant: str | None = None) -> dict[Bucket, Balance]:
        """The balance of each bucket that anything was accepted in from `since` on."""
        rows = await self._store.within(since - since % MINUTE, self._clock() + MINUTE, tenant)
        return balances(rows)

    async def totals(
        self, since: int, *, tenant: str | None = None, operation: str | None = None
    ) -> dict[tuple[str, str], Balance]:
        """The balance by (tenant, operation) of what was accepted from `since` on."""
        found = await self.by_bucket(since, tenant=tenant)
        return sum_by_operation(
            {bucket: one for bucket, one in found.items() if operation in (None, bucket.operation)}
        )

    async def series(self, since: int, until: int, *, tenant: str | None = None) -> dict[int, Balance]:
        """The balance of each minute from `since` on and before `until` that anything was accepted in."""
        rows = await self._store.within(since - since % MINUTE, until, tenant)
        series: defaultdict[int, Balance] = defaultdict(Balance)
        for bucket, one in sorted(balances(rows).items()):
            series[bucket.minute] += one
        return dict(series)


def balances(rows: Iterable[LedgerRow]) -> dict[Bucket, Balance]:
    """The balance of each bucket that has a row among `rows`."""
    by_bucket: defaultdict[Bucket, list[LedgerRow]] = defaultdict(list)
    for row in rows:
        by_bucket[row.bucket].append(row)
    return {bucket: balance(group) for bucket, group in by_bucket.items()}


def sum_by_operation(found: Mapping[Bucket, Balance]) -> dict[tuple[str, str], Balance]:
    """The sum of each tenant's and operation's balances."""
    totals: defaultdict[tuple[str, str], Balance] = defaultdict(Balance)
    for bucket, one in found.items():
        totals[bucket.tenant, bucket.operation] += one
    return dict(totals)
