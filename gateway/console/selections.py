"""Which letters a page is about: its query, and the query of a link to such a page."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlencode

from aiohttp import web

from domain.clock import from_millis, to_millis
from domain.dead_letters.entities import Selection, State
from domain.dead_letters.errors import RepairError

TEXTS = {
    "tenant": "tenant",
    "operation": "operation",
    "code": "code",
    "fingerprint": "fingerprint",
    "ingestion": "ingestion_id",
    "customer": "customer",
    "text": "text",
}
"""What a query may narrow by, and the part of a Selection that it is."""
_LONGEST = 512
_MOST_IDS = 1_000


def selection_of(request: web.Request) -> Selection:
    """The letters that the query of `request` means; open ones unless it says otherwise.

    With `scope` `ticked` it means the letters that were ticked alone, with `all` all that the list has.
    Raises RepairError.
    """
    query = request.query
    scope, ids = query.get("scope", ""), tuple(dict.fromkeys(query.getall("id", [])))
    if scope == "ticked" and not ids:
        raise RepairError("tick at least one letter, or choose all of the list")
    if len(ids) > _MOST_IDS:
        raise RepairError(f"{_MOST_IDS} ids at most")
    narrow = {part: text for name, part in TEXTS.items() if (text := _text(query, name))}
    return Selection(
        states=_states(query.get("state", "")),
        ids=() if scope == "all" else ids,
        since=_day(query, "since"),
        until=_day(query, "until", ends=True),
        **narrow,
    )


def query_of(selection: Selection, **more: str) -> str:
    """The query that means `selection`."""
    state = selection.states[0].value if len(selection.states) == 1 else "all"
    parts = [("state", state)]
    parts += [(name, value) for name, part in TEXTS.items() if (value := getattr(selection, part))]
    parts += [
        (name, from_millis(at).date().isoformat())
        for name, at in (("since", selection.since), ("until", selection.until))
        if at is not None
    ]
    return urlencode([*parts, *(("id", id) for id in selection.ids), *more.items()])


def parts_of(selection: Selection) -> list[tuple[str, str]]:
    """What `selection` says besides ids, by the names of the query."""
    return [(name, value) for name, value in parse_qsl(query_of(selection)) if name != "id"]


def of_letter(id: str) -> str:
    """The query that means one letter, whatever its state."""
    return query_of(Selection(states=tuple(State), ids=(id,)))


def _states(wanted: str) -> tuple[State, ...]:
    if wanted == "all":
        return tuple(State)
    try:
        return (State(wanted or State.OPEN),)
    except ValueError as error:
        raise RepairError("the state is none of open, replaying, resolved, discarded and all") from error


def _text(query: Mapping[str, str], name: str) -> str:
    text = query.get(name, "").strip()
    if len(text) > _LONGEST or any("\ud800" <= one <= "\udfff" for one in text):
        raise RepairError(f"{name} is not a text of {_LONGEST} characters at most")
    return text


def _day(query: Mapping[str, str], name: str, *, ends: bool = False) -> int | None:
    """The first millisecond of a day in UTC, or its last one."""
    text = query.get(name, "").strip()
    if not text:
        return None
    try:
        begins = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
        return to_millis(begins + timedelta(days=1)) - 1 if ends else to_millis(begins)
    except (ValueError, OverflowError) as error:
        raise RepairError(f"{name} is no day, such as 2026-03-25") from error
