"""The ledger's equation, and the book that a process counts in."""

from domain.ledger.book import LedgerBook
from domain.ledger.rows import MINUTE, RECOUNT, REPEATED, Balance, Bucket, LedgerRow, balance

BUCKET = Bucket.of("acme", "odp.v1.leads", 10 * MINUTE + 7)


class Time:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        return self.now


def row(writer: str, accepted: int = 0, unexplained: int = 0, **outcomes: int) -> LedgerRow:
    """A row of the bucket."""
    return LedgerRow(BUCKET, writer, 0, accepted, outcomes, unexplained)


def figures(found: Balance) -> tuple[int, int, int, int]:
    """Accepted, with an outcome, in flight, unexplained."""
    return found.accepted, sum(found.outcomes.values()), found.in_flight, found.unexplained


def test_a_bucket_begins_with_its_minute() -> None:
    """And is the same for all that is accepted within it."""
    assert 10 * MINUTE == BUCKET.minute
    assert Bucket.of("acme", "odp.v1.leads", 11 * MINUTE - 1) == BUCKET


def test_what_has_no_outcome_is_in_flight() -> None:
    """Counted over all processes."""
    rows = [row("g1", 10), row("g2", 5), row("i1", created=7, dead=1), row("i2", created=4)]

    assert (15, 12, 3, 0) == figures(balance(rows))


def test_repeats_are_accepted_once() -> None:
    """A repeat is taken off what was accepted, as it has no outcome of its own."""
    found = balance([row("g", 20), row("i", created=10, **{REPEATED: 10})])

    assert (10, 10, 0, 0) == figures(found)
    assert 10 == found.repeated


def test_an_outcome_implies_an_acceptance() -> None:
    """A gateway that was killed lost what it counted last."""
    assert (9, 9, 0, 0) == figures(balance([row("g", 4), row("i", created=9)]))


def test_a_recount_stands_for_what_an_ingestor_lost() -> None:
    """And never takes away what came after it."""
    rows = [row("g", 10), row("i", created=6), row(RECOUNT, created=5, stale=3)]

    assert (10, 9, 1, 0) == figures(balance(rows))


def test_a_late_outcome_ends_a_verdict() -> None:
    """Unexplained is never more than what is missing."""
    missing = [row("g", 10), row("i", created=6), row(RECOUNT, 0, 4, created=6)]

    assert (10, 6, 0, 4) == figures(balance(missing))
    assert (10, 9, 0, 1) == figures(balance([*missing, row("i2", created=3)]))


def test_balances_add_up() -> None:
    """And so do their lags, save for the highest."""
    one = Balance(3, {"created": 2}, 1, 1, 0, lag_total=20, lag_max=15)
    other = Balance(5, {"created": 1, "dead": 1}, 0, 1, 2, lag_total=20, lag_max=18)

    assert (8, {"created": 3, "dead": 1}, 1, 2, 2, 18) == (
        (both := one + other).accepted,
        both.outcomes,
        both.repeated,
        both.in_flight,
        both.unexplained,
        both.lag_max,
    )
    assert 10.0 == both.lag_mean


def test_a_row_holds_all_that_was_counted_so_far() -> None:
    """So that keeping it twice, or after a failure, changes nothing."""
    book = LedgerBook(Time())
    book.accepted(BUCKET, 5)
    [first] = book.take_changed()
    book.done(BUCKET, {"created": 2}, lag=10)
    book.done(BUCKET, {"created": 1}, lag=40)
    [second] = book.take_changed()

    assert (5, {}) == (first.accepted, first.outcomes)
    assert (5, {"created": 3}, 60, 40) == (
        second.accepted,
        second.outcomes,
        second.lag_total,
        second.lag_max,
    )
    assert first.id == second.id


def test_only_what_changed_is_taken() -> None:
    """What could not be kept is taken again."""
    book = LedgerBook(Time())
    book.accepted(BUCKET, 5)
    rows = book.take_changed()

    assert [] == book.take_changed()
    book.put_back(rows)
    assert rows == book.take_changed()


def test_a_row_that_left_the_memory_goes_on_under_another_name() -> None:
    """So that the kept one is not written over."""
    clock = Time()
    book = LedgerBook(clock)
    book.accepted(BUCKET, 5)
    [first] = book.take_changed()
    clock.now += 10 * MINUTE
    book.take_changed()
    book.accepted(BUCKET, 1)
    [second] = book.take_changed()

    assert first.id != second.id
    assert 6 == balance([first, second]).accepted


def test_the_rows_of_two_processes_are_told_apart() -> None:
    """Also those of one process that was started again."""
    books = [LedgerBook(Time()), LedgerBook(Time())]
    for book in books:
        book.accepted(BUCKET, 1)

    assert 2 == len({row.id for book in books for row in book.take_changed()})
