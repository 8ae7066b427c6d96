"""The overview: throughput, outcomes and lag as charts, the ledger, and what waits for somebody."""

from functools import partial

from aiohttp import web

from domain.clock import from_millis
from domain.ledger.rows import Balance
from domain.records import Outcome
from gateway.console.charts import Chart, Values, overlaid, stacked
from gateway.console.figures import STEPS, FigureReader, Figures
from gateway.console.snapshots import Snapshots
from gateway.console.visit import Admit, Visit
from gateway.operators import READ

_MINUTE = 60_000
KINDS = (*(outcome.value for outcome in Outcome), "in flight", "unexplained")
"""What an accepted record can be, as the ledger has it."""


class OverviewPages:
    """The first page of the console, and the part of it that is live."""

    def __init__(self, reader: FigureReader) -> None:
        """However many look, `reader` is asked now and then."""
        self._reader = reader
        self._snapshots: Snapshots[Figures] = Snapshots()

    def routes(self, admit: Admit) -> list[web.RouteDef]:
        """The page, and its figures alone."""
        return [
            web.get("/console", admit(READ, self.overview)),
            web.get("/console/overview/figures", admit(READ, self.figures)),
        ]

    async def overview(self, visit: Visit) -> web.Response:
        """The page."""
        return await self._page("overview.html", visit)

    async def figures(self, visit: Visit) -> web.Response:
        """What of the page changes, for its script."""
        return await self._page("figures.html", visit)

    async def _page(self, template: str, visit: Visit) -> web.Response:
        hours, tenant = _hours(visit), visit.operator.tenant
        found = await self._snapshots.get(
            (tenant, hours), lambda: self._reader.read(visit.desk, tenant, hours)
        )
        return visit.page(
            template,
            figures=found,
            outcomes=_outcomes(found),
            lag=_lag(found),
            choices=tuple(STEPS),
            kinds=KINDS,
            counts=counts_of,
            clock=partial(_clock, now=found.at),
        )


def counts_of(balance: Balance) -> Values:
    """The records of `balance` by `KINDS`."""
    counts = {**balance.outcomes, "in flight": balance.in_flight, "unexplained": balance.unexplained}
    return [(kind, counts.get(kind, 0)) for kind in KINDS]


def _hours(visit: Visit) -> int:
    given = visit.request.query.get("hours", "")
    return next((hours for hours in STEPS if str(hours) == given), next(iter(STEPS)))


def _outcomes(figures: Figures) -> Chart:
    """Records a minute by what became of them, each where it was accepted."""
    minutes = figures.step / _MINUTE
    counted = [counts_of(balance) for _, balance in figures.columns]
    titles = [
        f"{_clock(at, figures.at)}: {_said(values) or 'nothing accepted'}"
        for (at, _), values in zip(figures.columns, counted, strict=True)
    ]
    return stacked(titles, [[(kind, count / minutes) for kind, count in values] for values in counted])


def _lag(figures: Figures) -> Chart:
    """Seconds from acceptance to outcome, the longest behind the mean."""
    titles, columns = list[str](), list[Values]()
    for at, balance in figures.columns:
        mean, longest = balance.lag_mean / 1000, balance.lag_max / 1000
        titles.append(f"{_clock(at, figures.at)}: mean {mean:.2f} s, longest {longest:.2f} s")
        columns.append((("longest", longest), ("mean", mean)))
    return overlaid(titles, columns)


def _said(values: Values) -> str:
    return ", ".join(f"{count:g} {kind}" for kind, count in values if count)


def _clock(at: int, now: int) -> str:
    """The time of `at`, in UTC, with its day where that is not today."""
    moment = from_millis(at)
    is_today = moment.date() == from_millis(now).date()
    return moment.strftime("%H:%M" if is_today else "%Y-%m-%d %H:%M")
