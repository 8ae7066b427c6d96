"""Rates of one tenant, in requests, records and bytes a second, and rates of failures: token buckets
(design §7)."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from gateway.errors import RateLimitedError


@dataclass(frozen=True, slots=True)
class RateLimits:
    """What one tenant may send a second, on average; None: any amount."""

    requests: float | None = None
    records: float | None = None
    bytes: float | None = None
    burst_seconds: float = 5.0
    """How many seconds' worth may come at once."""


class RateLimiter:
    """Admits requests as long as their tenant is within its rates."""

    def __init__(
        self,
        limits: RateLimits,
        *,
        max_tenants: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`max_tenants`: how many to keep account of, the least recently seen forgotten first;
        `clock`: monotonic seconds."""
        self._rates = (limits.requests, limits.records, limits.bytes)
        self._limited = any(rate is not None for rate in self._rates)
        self._burst = limits.burst_seconds
        self._max_tenants = max_tenants
        self._clock = clock
        self._tenants: OrderedDict[str, list[_Bucket | None]] = OrderedDict()

    def enter(self, tenant: str, size: int) -> None:
        """Count one request that announces `size` bytes, before its body is read.

        So a tenant beyond its rates costs neither the reading nor the checking of bodies, however many
        come at once. Raises RateLimitedError, and then counts nothing, where either is beyond its rate.
        """
        self._take(tenant, (1, 0, size))

    def admit(self, tenant: str, records: int, more: int) -> None:
        """Count what a request that was entered holds: `records`, and `more` bytes than it announced.

        Raises RateLimitedError, and then counts nothing, where either is beyond its rate.
        """
        self._take(tenant, (0, records, more))

    def leave(self, tenant: str, size: int) -> None:
        """A request that was entered with `size` bytes was not admitted: it costs nothing."""
        if not self._limited:
            return
        for bucket, cost in self._charges(tenant, (1, 0, size), self._clock()):
            bucket.take(-cost)

    def _take(self, tenant: str, costs: tuple[int, int, int]) -> None:
        if not self._limited:
            return
        now = self._clock()
        charges = self._charges(tenant, costs, now)
        wait = max((bucket.wait(cost, now) for bucket, cost in charges), default=0.0)
        if wait > 0:
            raise RateLimitedError(wait)
        for bucket, cost in charges:
            bucket.take(cost)

    def _charges(self, tenant: str, costs: tuple[int, int, int], now: float) -> "list[tuple[_Bucket, int]]":
        buckets = zip(self._buckets(tenant, now), costs, strict=True)
        return [(bucket, cost) for bucket, cost in buckets if bucket is not None and cost]

    def _buckets(self, tenant: str, now: float) -> "list[_Bucket | None]":
        buckets = self._tenants.get(tenant)
        if buckets is None:
            buckets = [
                None if rate is None else _Bucket(rate, rate * self._burst, now) for rate in self._rates
            ]
            self._tenants[tenant] = buckets
            if len(self._tenants) > self._max_tenants:
                self._tenants.popitem(last=False)
        self._tenants.move_to_end(tenant)
        return buckets


class FailureLimiter:
    """Bounds how often something may fail for one name, however many try at once."""

    def __init__(
        self,
        rate: float,
        burst: float,
        *,
        max_names: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`rate`: failures a second; `burst`: how many may come at once; `max_names`: how many to
        keep account of, the least recently seen forgotten first; `clock`: monotonic seconds."""
        self._rate = rate
        self._burst = burst
        self._max_names = max_names
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def begin(self, name: str) -> None:
        """Count an attempt as a failure until it is forgiven. Raises RateLimitedError."""
        now = self._clock()
        bucket = self._buckets.setdefault(name, _Bucket(self._rate, self._burst, now))
        self._buckets.move_to_end(name)
        if len(self._buckets) > self._max_names:
            self._buckets.popitem(last=False)
        wait = bucket.wait(1, now)
        if wait > 0:
            raise RateLimitedError(wait)
        bucket.take(1)

    def forgive(self, name: str) -> None:
        """An attempt that was begun did not fail."""
        if name in self._buckets:
            self._buckets[name].take(-1)


class _Bucket:
    """A token bucket. What costs more than it holds passes when it is full, and is owed."""

    __slots__ = ("_at", "_capacity", "_level", "_rate")

    def __init__(self, rate: float, capacity: float, now: float) -> None:
        self._rate = rate
        self._capacity = max(capacity, 1.0)
        self._level = self._capacity
        self._at = now

    def wait(self, cost: float, now: float) -> float:
        """Seconds until `cost` can be taken; 0 where it can now."""
        self._level = min(self._capacity, self._level + (now - self._at) * self._rate)
        self._at = now
        return max(0.0, (min(cost, self._capacity) - self._level) / self._rate)

    def take(self, cost: float) -> None:
        """Take `cost`, below zero where it is more than the bucket holds."""
        self._level -= cost
