"""`/admin/v1/replay-jobs`: replays, which an ingestor runs."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from contracts.admin.job_models import StartReplay
from contracts.admin.job_views import job_view, part_view
from domain.dead_letters.desk import Desk
from domain.dead_letters.errors import RepairError
from domain.reading import Cursor
from domain.replay.entities import ReplayJob
from gateway.operators import READ, REPLAY
from gateway.rest.admin.answers import answer
from gateway.rest.admin.pages import Place, linked, page_size, place_of
from gateway.rest.admin.requests import only, parsed, require_narrow
from gateway.rest.admin.visits import Visit, Visits
from gateway.rest.errors import ApiError
from gateway.rest.parameters import integer

_JOBS = "/admin/v1/replay-jobs"
_DEFAULT_PARTS, _MAX_PARTS = 20, 50
_LAST_PART = 999_999_999

_Act = Callable[[Desk, str], Awaitable[ReplayJob]]


class ReplayJobsSurface:
    """Replay jobs, for operators of one tenant or of all."""

    def __init__(self, visits: Visits) -> None:
        """`visits` lets operators in."""
        self._visits = visits

    def routes(self) -> list[web.RouteDef]:
        """Every route."""
        by, one = self._visits.by, f"{_JOBS}/{{id}}"
        return [
            web.get(_JOBS, by(READ, _page), allow_head=False),
            web.post(_JOBS, by(REPLAY, _start)),
            web.get(one, by(READ, _job), allow_head=False),
            web.get(f"{one}/lines", by(READ, _lines), allow_head=False),
            web.post(f"{one}/pause", by(REPLAY, _changed(lambda desk, id: desk.jobs.pause(id)))),
            web.post(f"{one}/resume", by(REPLAY, _changed(lambda desk, id: desk.jobs.resume(id)))),
            web.post(f"{one}/cancel", by(REPLAY, _changed(lambda desk, id: desk.jobs.cancel(id)))),
        ]


async def _page(visit: Visit) -> web.Response:
    only(visit.request, ("cursor", "after", "pageSize"))
    size = page_size(visit.request)

    async def last(id: str) -> Cursor:
        return _cursor(await visit.desk.jobs.get(id))

    place = Place(visit.request, ["replay-jobs", visit.operator.tenant or ""])
    found = await visit.desk.jobs.page(after=await place_of(place, last), limit=size + 1)
    shown = found[:size]
    response = answer({"jobs": [job_view(job) for job in shown]})
    return linked(response, place, _cursor(shown[-1]) if len(found) > size else None)


async def _start(visit: Visit) -> web.Response:
    only(visit.request, ())
    asked = parsed(StartReplay, await visit.body())
    selection = asked.selection.selection()
    require_narrow(selection)
    try:
        job = await visit.desk.jobs.start(selection, asked.options())
    except RepairError as error:
        # Its options are what may be wrong.
        fault = {"pointer": "", "code": "INVALID_OPTIONS", "message": str(error)}
        raise ApiError(400, "INVALID_PAYLOAD", str(error), details={"fields": [fault]}) from error
    response = answer(job_view(job))
    response.set_status(202)
    response.headers["Location"] = f"{_JOBS}/{job.id}"
    return response


async def _job(visit: Visit) -> web.Response:
    only(visit.request, ())
    return answer(job_view(await visit.desk.jobs.get(visit.id)))


async def _lines(visit: Visit) -> web.Response:
    only(visit.request, ("after", "pageSize"))
    after = integer(visit.request, "after", least=0, most=_LAST_PART) or 0
    size = integer(visit.request, "pageSize", least=1, most=_MAX_PARTS) or _DEFAULT_PARTS
    parts = await visit.desk.jobs.lines(visit.id, after=after, limit=size)
    response = answer({"parts": [part_view(part) for part in parts]})
    if len(parts) == size:
        query = {**visit.request.query, "after": str(parts[-1].number)}
        response.headers["Link"] = f'<{visit.request.rel_url.with_query(query)}>; rel="next"'
    return response


def _changed(act: _Act) -> Callable[[Visit], Awaitable[web.Response]]:
    async def handle(visit: Visit) -> web.Response:
        only(visit.request, ())
        return answer(job_view(await act(visit.desk, visit.id)))

    return handle


def _cursor(job: ReplayJob) -> Cursor:
    return Cursor(job.created_at, job.id)
