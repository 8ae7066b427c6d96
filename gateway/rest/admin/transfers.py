"""`/admin/v1/dead-letters:export` and `:import`: dead letters taken out and brought in, whole."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from aiohttp import web

from contracts.admin.models import MAX_LETTERS, NDJSON, Export
from contracts.letter_lines import letter_of, line_of
from domain.dead_letters.entities import KeptLetter, Selection
from domain.dead_letters.errors import RepairError
from gateway.operators import REPAIR
from gateway.rest.admin.answers import answer
from gateway.rest.admin.requests import only, parsed, source_of
from gateway.rest.admin.results import streamed
from gateway.rest.admin.visits import Visit, Visits
from gateway.rest.body import BodyLimits, UnsupportedMediaTypeError
from gateway.rest.errors import ApiError

_IMPORT = BodyLimits(sent=16 * 1024 * 1024, unpacked=16 * 1024 * 1024)
"""Twice what the front door takes, as a line escapes what it holds."""


class TransferSurface:
    """Dead letters as lines of files; personal data is in them."""

    def __init__(self, visits: Visits) -> None:
        """`visits` lets operators in."""
        self._visits = visits

    def routes(self) -> list[web.RouteDef]:
        """Every route."""
        return [
            web.post("/admin/v1/dead-letters:export", self._visits.by(REPAIR, _export)),
            web.post("/admin/v1/dead-letters:import", self._visits.by(REPAIR, _import)),
        ]


async def _export(visit: Visit) -> web.StreamResponse:
    only(visit.request, ())
    selection = parsed(Export, await visit.body()).selection.selection()
    async with aclosing(_lines(visit, selection)) as lines:
        return await streamed(visit, lines)


async def _lines(visit: Visit, selection: Selection) -> AsyncGenerator[bytes, None]:
    async for page in visit.desk.transfer.export(selection):
        for kept in page:
            yield line_of(kept)


async def _import(visit: Visit) -> web.StreamResponse:
    only(visit.request, ("source",))
    source = source_of(visit.request)
    letters = _letters(visit, await visit.body(_IMPORT, _require_lines))
    imported = await visit.desk.transfer.bring_in(letters, source)
    return answer({"imported": imported, "existing": len(letters) - imported})


def _letters(visit: Visit, body: bytes) -> list[KeptLetter]:
    """The letters of all lines, or an error that names the first that is bad."""
    lines = body.removesuffix(b"\n").split(b"\n") if body else []
    if len(lines) > MAX_LETTERS:
        raise _bad_line(MAX_LETTERS + 1, f"there are more than {MAX_LETTERS} lines")
    found: dict[str, KeptLetter] = {}
    for number, line in enumerate(lines, 1):
        try:
            kept = letter_of(line)
            visit.desk.transfer.require_own(kept)
        except RepairError as error:
            raise _bad_line(number, str(error)) from error
        if kept.id in found:
            raise _bad_line(number, "it has the id of a line before")
        found[kept.id] = kept
    return list(found.values())


def _bad_line(number: int, message: str) -> ApiError:
    fault = {"pointer": f"/{number}", "code": "INVALID_LINE", "message": message}
    said = f"line {number}: {message}"
    return ApiError(400, "INVALID_PAYLOAD", said, details={"fields": [fault]})


def _require_lines(request: web.Request) -> None:
    if request.content_type != NDJSON:
        raise UnsupportedMediaTypeError(f"the body's media type must be {NDJSON}")
