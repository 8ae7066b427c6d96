"""The figures of a running Portico, as a frame on the terminal."""

from collections.abc import Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cli.dead_letter_views import clean
from cli.top_figures import Frame
from domain.dead_letters.entities import State
from domain.records import Outcome
from domain.replay.entities import JobState

_ALARM = "bold red"
_UNKNOWN = "-"
_SMALL = 10


def frame_view(frame: Frame, title: str) -> RenderableType:
    """All of it, under `title`."""
    parts = (_surfaces, _queue, _outcomes, _ledger, _dead_letters, _webhooks)
    return Group(Text(clean(title), style="bold"), *(part(frame) for part in parts))


def _surfaces(frame: Frame) -> Table:
    table = _table("front door", "requests/s", "4xx/s", "5xx/s", "mean ms", "in flight")
    requests, in_flight = (
        "portico_http_requests_total",
        frame.now.by("surface", "portico_http_in_flight_requests"),
    )
    for surface, rate in frame.rates("surface", requests).items():
        wrong = [frame.rate(requests, surface=surface, status=status) for status in ("4xx", "5xx")]
        mean = frame.mean("portico_http_request_seconds", surface=surface)
        row = (rate, *(one or 0.0 for one in wrong), _millis(mean), in_flight.get(surface, 0.0))
        _add(table, surface, row, alarm=bool(wrong[1]))
    calls, serving = "portico_grpc_calls_total", frame.now.total("portico_grpc_in_flight_calls")
    if serving is not None:
        rate_of_calls, codes = frame.rate(calls) or 0.0, frame.rates("code", calls)
        broken = sum(codes.get(code, 0.0) for code in ("INTERNAL", "UNAVAILABLE", "UNKNOWN"))
        refused = rate_of_calls - codes.get("OK", 0.0) - broken
        mean = frame.mean("portico_grpc_call_seconds")
        row = (rate_of_calls, refused, broken, _millis(mean), serving)
        _add(table, "gRPC", row, alarm=broken > 0)
    return table


def _queue(frame: Frame) -> Table:
    now = frame.now
    table = _table("queue", "depth", "lag s", "published/s", "taken/s", "answers", "MongoDB answers")
    for queue, up in now.by("queue", "portico_queue_up").items():
        store = now.total("portico_store_up")
        row = (
            now.total("portico_queue_depth_messages", queue=queue),
            now.total("portico_ingestor_lag_seconds"),
            frame.rate("portico_queue_publishes_total", queue=queue, result="confirmed"),
            frame.rate("portico_ingestor_deliveries_total"),
            _yes(up),
            _yes(store),
        )
        _add(table, queue, row, alarm=not up or store == 0)
    return table


def _outcomes(frame: Frame) -> Table:
    table = _table("records", "accepted", *Outcome)
    accepted, records = "portico_gateway_accepted_records_total", "portico_ingestor_records_total"
    totals, rates = frame.now.by("outcome", records), frame.rates("outcome", records)
    _add(table, "a second", (frame.rate(accepted), *(_of(rates, one) for one in Outcome)))
    _add(table, "since start", (frame.now.total(accepted), *(_of(totals, one) for one in Outcome)))
    return table


def _ledger(frame: Frame) -> Table:
    now = frame.now
    table = _table("ledger", "accepted", *Outcome, "in flight", "unexplained")
    outcomes = now.by("outcome", "portico_ledger_outcome_records")
    unexplained = now.total("portico_ledger_unexplained_records")
    row = (
        now.total("portico_ledger_accepted_records"),
        *(_of(outcomes, one) for one in Outcome),
        now.total("portico_ledger_in_flight_records"),
        unexplained,
    )
    _add(table, "24 hours", row, alarm=bool(unexplained))
    return table


def _dead_letters(frame: Frame) -> Table:
    now = frame.now
    waiting = (State.OPEN, State.REPLAYING)
    going = [state for state in JobState if not state.is_over]
    table = _table("operators", *waiting, "new/s", "replayed/s", *(f"jobs {state}" for state in going))
    letters, jobs = now.by("state", "portico_dead_letters"), now.by("state", "portico_replay_jobs")
    row = (
        *(letters.get(state.value) for state in waiting),
        frame.rate("portico_ingestor_dead_letters_total") or (0.0 if letters else None),
        frame.rate("portico_replay_letters_total"),
        *(jobs.get(state.value) for state in going),
    )
    _add(table, "dead letters", row, alarm=bool(jobs.get(JobState.STOPPED.value)))
    return table


def _webhooks(frame: Frame) -> Table:
    table = _table("webhooks", "delivered/s", "failed/s", "given up", "lag s")
    attempts = "portico_webhooks_attempts_total"
    known = frame.now.total("portico_webhooks_lag_seconds")
    none = None if known is None else 0.0
    row = (
        frame.rate(attempts, result="delivered") or none,
        frame.rate(attempts, result="failed") or none,
        frame.now.total("portico_webhooks_dead_total"),
        known,
    )
    _add(table, "deliveries", row)
    return table


def _table(*names: str) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for number, name in enumerate(names):
        table.add_column(str(name), justify="right" if number else "left", min_width=0 if number else 12)
    return table


def _add(table: Table, name: str, cells: Sequence[float | str | None], *, alarm: bool = False) -> None:
    table.add_row(
        clean(name),
        *(one if isinstance(one, str) else _number(one) for one in cells),
        style=_ALARM if alarm else None,
    )


def _number(value: float | None) -> str:
    if value is None:
        return _UNKNOWN
    if value == int(value) or value >= _SMALL:
        return f"{value:,.0f}"
    return f"{value:.2f}"


def _of(counts: Mapping[str, float], outcome: Outcome) -> float | None:
    """The count of an outcome, 0 where there are others alone; None where there are none."""
    return counts.get(outcome.value, 0.0) if counts else None


def _millis(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1000


def _yes(value: float | None) -> str:
    return _UNKNOWN if value is None else "yes" if value else "no"
