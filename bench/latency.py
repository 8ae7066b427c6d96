"""Latencies from when a request was due, not from when it was sent.

A generator that waits for a slow answer before it sends the next request leaves out the requests
that would have been slow too (coordinated omission). Here every request has a due time that
depends on nothing but the rate; one that had to wait for its turn has its wait in its latency.
"""

import math
from collections.abc import Sequence

PERCENTILES = (50.0, 95.0, 99.0)


def due_times(rate: float, seconds: float) -> list[float]:
    """When requests are due, in seconds from the start, at an even `rate` a second."""
    return [number / rate for number in range(int(rate * seconds))]


def percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest of the `ordered` values that `share` per cent of them do not pass.

    Raises ValueError where there are none.
    """
    if not ordered:
        raise ValueError("no latencies were taken")
    return ordered[max(0, math.ceil(len(ordered) * share / 100) - 1)]


def percentiles(due: Sequence[float], done: Sequence[float]) -> dict[str, float]:
    """`p50`, `p95` and `p99`, in milliseconds, of requests due and done at these seconds."""
    taken = sorted(end - start for start, end in zip(due, done, strict=True))
    return {f"p{share:g}": 1_000 * percentile(taken, share) for share in PERCENTILES}
