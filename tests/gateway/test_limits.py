"""Rates of one tenant: bursts, the average, and what a refusal says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import RateLimitedError
from gateway.limits import RateLimiter, RateLimits


class Clock:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """The time."""
        return self.now


def refusal(limiter: RateLimiter, tenant: str = "acme", records: int = 1, size: int = 1) -> float | None:
    """Seconds to wait, or None where the request is admitted."""
    try:
        limiter.enter(tenant, size)
        try:
            limiter.admit(tenant, records, 0)
        except RateLimitedError:
            limiter.leave(tenant, size)
            raise
    except RateLimitedError as error:
        return error.retry_after
    return None


def test_without_limits_everything_is_admitted() -> None:
    """Each of the three is optional."""
    limiter = RateLimiter(RateLimits())
    assert {None} == {refusal(limiter, records=10**6, size=10**9) for _ in range(1000)}


@pytest.mark.parametrize("kind", ["requests", "records", "bytes"])
def test_a_burst_passes_and_then_the_rate_counts(kind: str) -> None:
    """Five seconds' worth at once, then as many a second as the rate says."""
    clock = Clock()
    limits = RateLimits(burst_seconds=5, **{kind: 2.0})
    limiter = RateLimiter(limits, clock=clock)
    assert [None] * 10 == [refusal(limiter) for _ in range(10)]
    assert 0.5 == refusal(limiter)
    clock.now += 0.5
    assert [None, 0.5] == [refusal(limiter), refusal(limiter)]


def test_a_refused_request_costs_nothing() -> None:
    """Neither the bucket that is empty nor the others: waiting as told is enough."""
    clock = Clock()
    limiter = RateLimiter(RateLimits(requests=1, records=100, burst_seconds=2), clock=clock)
    assert [None, None] == [refusal(limiter, records=50), refusal(limiter, records=50)]
    for _ in range(20):
        assert 1.0 == refusal(limiter, records=50)
    clock.now += 1.0
    assert None is refusal(limiter, records=150)


def test_a_request_larger_than_the_burst_passes_and_is_owed() -> None:
    """A batch that a full bucket cannot hold would else never pass."""
    clock = Clock()
    limiter = RateLimiter(RateLimits(records=100, burst_seconds=1), clock=clock)
    assert None is refusal(limiter, records=1000)
    assert pytest.approx(9.01) == refusal(limiter, records=1)
    assert pytest.approx(10.0) == refusal(limiter, records=1000)
    clock.now += 10
    assert None is refusal(limiter, records=1000)


def test_what_is_announced_counts_before_the_body_is_read() -> None:
    """Many at once do not all get in; records that are owed keep the next ones out."""
    clock = Clock()
    limiter = RateLimiter(RateLimits(requests=10, records=10, bytes=1000, burst_seconds=1), clock=clock)
    for _ in range(2):
        limiter.enter("acme", 400)
    with pytest.raises(RateLimitedError) as refused:
        limiter.enter("acme", 400)
    assert pytest.approx(0.2) == refused.value.retry_after
    limiter.admit("acme", 30, 0)
    with pytest.raises(RateLimitedError) as refused:
        limiter.admit("acme", 1, 0)
    assert pytest.approx(2.1) == refused.value.retry_after


def test_bytes_beyond_what_was_announced_count_when_they_are_known() -> None:
    """A body that was packed, or came in chunks; one that was announced too large is given the rest back."""
    limiter = RateLimiter(RateLimits(bytes=1000, burst_seconds=1), clock=Clock())
    limiter.enter("acme", 100)
    limiter.admit("acme", 1, 800)
    assert pytest.approx(0.1) == refusal(limiter, size=200)
    limiter.admit("acme", 1, -500)
    assert None is refusal(limiter, size=600)


def test_tenants_do_not_share() -> None:
    """One tenant's burst is none of another's business."""
    limiter = RateLimiter(RateLimits(requests=1, burst_seconds=1), clock=Clock())
    assert [None, None, 1.0] == [refusal(limiter, "a"), refusal(limiter, "b"), refusal(limiter, "a")]


def test_account_is_kept_of_a_bounded_number_of_tenants() -> None:
    """The least recently seen is forgotten first."""
    limiter = RateLimiter(RateLimits(requests=1, burst_seconds=1), max_tenants=2, clock=Clock())
    seen = [refusal(limiter, tenant) for tenant in ("a", "b", "a", "c", "a", "b")]
    assert [None, None, 1.0, None, 1.0, None] == seen


@given(steps=st.lists(st.tuples(st.floats(0, 3), st.integers(0, 40)), max_size=60))
def test_no_pattern_of_requests_beats_the_average(steps: list[tuple[float, int]]) -> None:
    """Over any time a tenant gets the burst, the rate times the time, and one request owed."""
    clock = Clock()
    limiter = RateLimiter(RateLimits(records=10, burst_seconds=2), clock=clock)
    admitted = 0
    for pause, records in steps:
        clock.now += pause
        wait = refusal(limiter, records=records)
        if wait is None:
            admitted += records
        else:
            assert 0 < wait <= 4
    assert admitted <= 20 + 10 * (clock.now - 100) + 40
