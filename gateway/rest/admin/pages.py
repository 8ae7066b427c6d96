"""Pages of lists: where one begins, and the link to the next."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from aiohttp import web

from domain.reading import Cursor
from gateway.paging import decode_place, encode_place
from gateway.rest.parameters import integer, invalid

_DEFAULT_PAGE, _MAX_PAGE = 50, 200
_MAX_ID = 512


@dataclass(frozen=True, slots=True)
class Place:
    """A list that a request goes through."""

    request: web.Request
    listed: Sequence[str]
    """What the list is of: a cursor is good for no other."""


def page_size(request: web.Request) -> int:
    """How many the page may hold."""
    return integer(request, "pageSize", least=1, most=_MAX_PAGE) or _DEFAULT_PAGE


async def place_of(place: Place, last: Callable[[str], Awaitable[Cursor]]) -> Cursor | None:
    """Behind what the page begins: by `cursor`, from a link, or by the id that `after` names.

    `last` finds the place of an id, and raises where there is none.
    """
    query = place.request.query
    token, id = query.get("cursor"), query.get("after")
    if token is not None and id is not None:
        raise invalid("after", "is not given together with cursor")
    if id is not None:
        if not 1 <= len(id) <= _MAX_ID:
            raise invalid("after", f"is not a text of 1 to {_MAX_ID} characters")
        return await last(id)
    return None if token is None else decode_place(place.listed, token)


def linked(response: web.Response, place: Place, end: Cursor | None) -> web.Response:
    """`response` with the link to the page behind `end`, if there is one."""
    if end is not None:
        kept = [pair for pair in place.request.query.items() if pair[0] not in ("cursor", "after")]
        following = place.request.rel_url.with_query([*kept, ("cursor", encode_place(place.listed, end))])
        response.headers["Link"] = f'<{following}>; rel="next"'
    return response
