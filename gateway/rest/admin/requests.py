"""What a request to the admin REST asks for; what is wrong with it is a 400 that names the part."""

import re
from collections.abc import Collection
from itertools import islice
from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from domain.dead_letters.entities import Selection, State
from gateway.rest.admin.faults import faults_of
from gateway.rest.errors import ApiError
from gateway.rest.parameters import invalid, millis

_Body = TypeVar("_Body", bound=BaseModel)

GROUP_FILTERS = (
    *("state", "tenant", "operation", "code", "fingerprint", "ingestion"),
    *("since", "until", "customer", "text"),
)
LIST_FILTERS = (*GROUP_FILTERS, "id")
_MANY = ("state", "id")
"""What may be given again."""
_MAX_TEXT = 512
_MAX_IDS = 100
_MAX_FAULTS = 20
_ETAG = re.compile(r'"([0-9]{1,9})"')


def only(request: web.Request, names: Collection[str]) -> None:
    """Refuse parameters besides `names`: one that is misspelt would widen what is selected."""
    for name in request.query:
        if name not in names:
            raise invalid(name[:64].encode(errors="replace").decode(), "is not a parameter of this")
        if name not in _MANY and len(request.query.getall(name)) > 1:
            raise invalid(name, "is given more than once")


def selection_of(request: web.Request) -> Selection:
    """The selection that the query names."""
    return Selection(
        states=_states(request),
        tenant=_text(request, "tenant"),
        operation=_text(request, "operation"),
        code=_text(request, "code"),
        fingerprint=_text(request, "fingerprint"),
        ingestion_id=_text(request, "ingestion"),
        ids=_ids(request),
        since=millis(request, "since"),
        until=millis(request, "until"),
        customer=_text(request, "customer"),
        text=_text(request, "text"),
    )


def source_of(request: web.Request) -> str:
    """Where letters come from, for the audit."""
    return _text(request, "source") or "admin API"


def flag(request: web.Request, name: str) -> bool:
    """A parameter that is `true` or `false`; False where it is not given."""
    given = request.query.get(name, "false")
    if given not in ("true", "false"):
        raise invalid(name, "is neither true nor false")
    return given == "true"


def revision_of(request: web.Request) -> int:
    """The revision that `If-Match` names; 428 where there is none (RFC 6585 §3)."""
    given = request.headers.get("If-Match")
    if given is None:
        message = 'the header If-Match must name the letter\'s revision, such as "1"'
        raise ApiError(428, "REVISION_REQUIRED", message)
    found = _ETAG.fullmatch(given.strip())
    if found is None:
        raise invalid("If-Match", "is not one revision in double quotes")
    return int(found[1])


def parsed(model: type[_Body], body: bytes) -> _Body:
    """`body` as `model`."""
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        fields = [*islice(faults_of(error), _MAX_FAULTS)]
        message = f"the body is not what this takes: {fields[0]['pointer'] or 'it'} {fields[0]['message']}"
        raise ApiError(400, "INVALID_PAYLOAD", message, details={"fields": fields}) from error


def require_narrow(selection: Selection) -> None:
    """Refuse to change every letter there is for want of a part of the selection."""
    if not selection.is_narrow:
        raise invalid("selection", "must have a part besides states")


def _states(request: web.Request) -> tuple[State, ...]:
    given = request.query.getall("state", [State.OPEN.value])
    if "all" in given:
        return tuple(State)
    try:
        return tuple(dict.fromkeys(State(name) for name in given))
    except ValueError as error:
        raise invalid("state", "is none of open, replaying, resolved, discarded and all") from error


def _ids(request: web.Request) -> tuple[str, ...]:
    given = request.query.getall("id", [])
    if len(given) > _MAX_IDS:
        raise invalid("id", f"is given more than {_MAX_IDS} times")
    for id in given:
        _require_text("id", id)
    return tuple(given)


def _text(request: web.Request, name: str) -> str | None:
    value = request.query.get(name)
    if value is not None:
        _require_text(name, value)
    return value


def _require_text(name: str, value: str) -> None:
    if not value.strip() or len(value) > _MAX_TEXT or any("\ud800" <= one <= "\udfff" for one in value):
        raise invalid(name, f"is not a text of 1 to {_MAX_TEXT} characters")
