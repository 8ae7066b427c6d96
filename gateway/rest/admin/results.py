"""What becomes of many letters: all of them line by line for who asks so, else a bounded list."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any, cast

from aiohttp import web

from contracts.admin.models import MAX_LETTERS, NDJSON
from contracts.admin.views import result_view
from domain.dead_letters.entities import Selection
from domain.dead_letters.use_case import Done
from domain.reading import Cursor
from domain.records import Outcome
from gateway.rest.admin.answers import answer, json_bytes
from gateway.rest.admin.problems import operator_refusal, problem_body
from gateway.rest.admin.visits import Visit
from gateway.rest.app import DEADLINE
from gateway.rest.deadline import DeadlineError
from gateway.rest.errors import as_api_error
from gateway.rest.request_id import HEADER, request_id_of


async def results(
    visit: Visit, selection: Selection, doing: AsyncIterator[Done], words: Mapping[Outcome, str]
) -> web.StreamResponse:
    """The answer that tells what `doing` says of each letter of `selection`; `words` names outcomes."""
    # A generator, which is ended where it stands when the client is gone.
    async with aclosing(cast(AsyncGenerator[Done], doing)) as steps:
        if NDJSON in visit.request.headers.get("Accept", ""):
            lines = (json_bytes(result_view(done, words)) async for done in steps)
            return await streamed(visit, lines)
        return await _listed(visit, selection, steps, words)


async def _listed(
    visit: Visit, selection: Selection, steps: AsyncIterator[Done], words: Mapping[Outcome, str]
) -> web.Response:
    """At most MAX_LETTERS results; what is beyond them is not begun."""
    views: list[dict[str, Any]] = []
    more = False
    async for done in steps:
        views.append(result_view(done, words))
        if len(views) == MAX_LETTERS:
            place = Cursor(done.letter.letter.first_seen, done.letter.id)
            more = bool(await visit.desk.letters.page(selection, after=place, limit=1))
            break
    return answer({"results": views, "truncated": more})


async def streamed(visit: Visit, lines: AsyncIterator[bytes]) -> web.StreamResponse:
    """One line a letter, as soon as there is one; where it cannot go on, a last line says why."""
    line = await anext(lines, None)  # what is wrong from the beginning has a status of its own
    visit.deadline.reschedule(None)
    headers = {"Cache-Control": "no-store", HEADER: request_id_of(visit.request)}
    response = web.StreamResponse(headers=headers)
    response.content_type = NDJSON
    try:
        await response.prepare(visit.request)
        while line is not None:
            async with asyncio.timeout(DEADLINE):
                await response.write(line + b"\n")
                line = await anext(lines, None)
        await response.write_eof()
    except ConnectionError:
        pass  # nobody listens any more: what is not begun stays as it is
    except TimeoutError:
        await _end(response, DeadlineError("it went no further in time"))
    except Exception as error:
        await _end(response, error)
    return response


async def _end(response: web.StreamResponse, error: Exception) -> None:
    body = problem_body(operator_refusal(error) or as_api_error(error))
    try:
        async with asyncio.timeout(DEADLINE):
            await response.write(json_bytes({"problem": body}) + b"\n")
            await response.write_eof()
    except (ConnectionError, TimeoutError):
        response.force_close()
