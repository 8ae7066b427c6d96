"""Lists: page numbers, cursors and bounds, the same on every surface (ruling R7)."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from aiohttp import web
from yarl import URL

from domain.reading import Cursor, Query, Reader
from domain.records import Stored
from gateway.paging import decode_cursor, encode_cursor
from gateway.rest.errors import ApiError
from gateway.rest.parameters import integer

_MAX_PAGE_SIZE = 500
_DEFAULT_PAGE_SIZE = 50
_MAX_SKIPPED = 10_000
MAX_COUNTED = 100_000
"""Where counting a list stops."""


class Paging(NamedTuple):
    """Which page a request asks for."""

    size: int
    page: int | None
    """None where it is not asked for by number."""
    skip: int
    """Rows before it."""


def paging(request: web.Request, filters: Sequence[str]) -> Paging:
    """What `page` and `pageSize` ask for; `filters` are the parameters that narrow the list."""
    size = integer(request, "pageSize", least=1, most=_MAX_PAGE_SIZE)
    page = integer(request, "page", least=1, most=10**9)
    if size is None:
        size = _DEFAULT_PAGE_SIZE if page is not None else _MAX_PAGE_SIZE
    return Paging(size, page, _skip(page, size, filters))


def page_response(
    request: web.Request, body: bytes, asked: Paging, *, total: int, after: str | None
) -> web.Response:
    """A page with `X-Total-Count`, and `Link` to what comes after the token `after` if there is more."""
    response = web.Response(body=body, content_type="application/json")
    response.headers["X-Total-Count"] = str(total)
    response.headers["X-Page-Size"] = str(asked.size)
    if "cursor" not in request.query:
        response.headers["X-Page"] = str(asked.page or 1)
    if after is not None:
        response.headers["Link"] = f'<{_next(request, after, asked.size)}>; rel="next"'
    return response


async def list_records(
    request: web.Request,
    reader: Reader,
    query: Query,
    write: Callable[[list[Stored]], bytes],
    filters: Sequence[str],
) -> web.Response:
    """One page of `query` as `write` has it, with `X-Total-Count`, and `Link` where there is more.

    `filters` are the parameters that narrow the list, for who pages too far.

    Without `page` and `pageSize` it holds the first 500. Counting stops at 100,000.
    """
    asked = paging(request, filters)
    cursor = _cursor(request, query)
    # One more than the page tells whether there is a next one.
    found = await reader.page(query, after=cursor, limit=asked.size + 1, skip=asked.skip)
    total = await reader.count(query, MAX_COUNTED)
    shown = found[: asked.size]
    after = None
    if len(found) > asked.size:
        after = encode_cursor(query, Cursor.behind(shown[-1], query.order))
    return page_response(request, write(shown), asked, total=total, after=after)


def _cursor(request: web.Request, query: Query) -> Cursor | None:
    token = request.query.get("cursor")
    return None if token is None else decode_cursor(query, token)


def _skip(page: int | None, size: int, filters: Sequence[str]) -> int:
    skip = ((page or 1) - 1) * size
    if skip >= _MAX_SKIPPED:
        raise ApiError(
            400,
            "INVALID_PARAMETER",
            f"page numbers reach the first {_MAX_SKIPPED} rows; follow the cursor in Link"
            + (f", or narrow the list with {' or '.join(filters)}" if filters else ""),
            details={"filters": list(filters), "cursor": "cursor"},
        )
    return skip


def _next(request: web.Request, token: str, size: int) -> URL:
    kept = {name: value for name, value in request.query.items() if name not in ("page", "pageSize")}
    return request.rel_url.with_query({**kept, "cursor": token, "pageSize": str(size)})
