"""What requests about dead letters ask for, in domain terms; what is wrong is refused by the field's name."""

from collections.abc import Callable
from typing import TypeVar

from google.protobuf.timestamp_pb2 import Timestamp

from contracts.letter_changes import json_patch, named_transform
from domain.clock import Clock
from domain.dead_letters.changes import Change
from domain.dead_letters.entities import Selection, State
from domain.dead_letters.errors import RepairError
from domain.replay.entities import ReplayOptions
from gateway.grpc.mapping import to_query_millis
from gateway.grpc.names import segment_of
from gateway.grpc.operator_refusals import plain
from gateway.grpc.pb.portico.v1 import dead_letters_pb2 as pb
from gateway.grpc.refusal import RefusedError, invalid_field

LETTERS, JOBS = "deadLetters", "replayJobs"
"""The plurals of resource names."""

STATES = {
    pb.DeadLetter.OPEN: State.OPEN,
    pb.DeadLetter.REPLAYING: State.REPLAYING,
    pb.DeadLetter.RESOLVED: State.RESOLVED,
    pb.DeadLetter.DISCARDED: State.DISCARDED,
}
_DEFAULT_PAGE, _MAX_PAGE = 50, 200
_DEFAULT_SAMPLES, _MAX_SAMPLES = 5, 100
_MAX_NAMES = 1_000
_MAX_TEXT, _MAX_REASON = 512, 1_000
_NANOS = 1_000_000_000

_T = TypeVar("_T")


def id_of(plural: str, name: str, field: str = "name") -> str:
    """The id in a resource name. Raises RefusedError."""
    return _in_field(field, lambda: segment_of(plural, name))


def selection_of(given: pb.LetterSelection) -> Selection:
    """The selection; open letters where it says nothing. Raises RefusedError."""
    if len(given.names) > _MAX_NAMES:
        raise invalid_field("selection.names", f"has more than {_MAX_NAMES} names")
    return Selection(
        states=_states(given),
        tenant=_text(given.tenant, "tenant"),
        operation=_text(given.operation, "operation"),
        code=_text(given.code, "code"),
        fingerprint=_text(given.fingerprint, "fingerprint"),
        ingestion_id=_text(given.ingestion, "ingestion"),
        ids=tuple(id_of(LETTERS, name, "selection.names") for name in given.names),
        since=_millis(given.first_seen_from, "selection.first_seen_from")
        if given.HasField("first_seen_from")
        else None,
        until=_millis(given.first_seen_until, "selection.first_seen_until")
        if given.HasField("first_seen_until")
        else None,
        customer=_wanted(given.customer, "customer"),
        text=_wanted(given.text, "text"),
    )


def narrow_selection_of(given: pb.LetterSelection) -> Selection:
    """The same of a request that changes letters, which is never about all there are."""
    selection = selection_of(given)
    if not selection.is_narrow:
        raise invalid_field("selection", "must have a part besides states")
    return selection


def change_of(given: pb.PayloadChange) -> Change:
    """The change of a request. Raises RefusedError."""
    try:
        match given.WhichOneof("change"):
            case "json_patch":
                return json_patch(given.json_patch.encode())
            case "transform":
                return named_transform(given.transform.name, given.transform.arguments)
            case _:
                raise invalid_field("change", "must be a JSON Patch or a transform")
    except RepairError as error:
        raise invalid_field("change", plain(str(error))[:_MAX_TEXT]) from error


def options_of(given: pb.ReplayOptions, clock: Clock) -> ReplayOptions:
    """How a job is to run. Raises RefusedError."""
    options = ReplayOptions(
        rate=given.rate if given.HasField("rate") else None,
        ramp=given.ramp.seconds + given.ramp.nanos / _NANOS,
        start_at=_millis(given.start_at, "options.start_at") if given.HasField("start_at") else None,
        breaker=given.breaker if given.HasField("breaker") else None,
    )
    try:
        options.require_sound(clock())
    except RepairError as error:
        raise invalid_field("options", str(error)) from error
    return options


def reason_of(request: pb.DiscardDeadLettersRequest) -> str:
    """Why letters are given up. Raises RefusedError."""
    if not request.reason.strip() or len(request.reason) > _MAX_REASON:
        raise invalid_field("reason", f"must be a text of 1 to {_MAX_REASON} characters")
    return request.reason


def page_size_of(given: int) -> int:
    """How many things a page has at most. Raises RefusedError."""
    if given < 0:
        raise invalid_field("page_size", "must not be negative")
    return min(given or _DEFAULT_PAGE, _MAX_PAGE)


def samples_of(given: int) -> int:
    """How many samples a preview has at most. Raises RefusedError."""
    if not 0 <= given <= _MAX_SAMPLES:
        raise invalid_field("samples", f"must be a number from 1 to {_MAX_SAMPLES}")
    return given or _DEFAULT_SAMPLES


def _states(given: pb.LetterSelection) -> tuple[State, ...]:
    if not given.states:
        return (State.OPEN,)
    if not STATES.keys() >= set(given.states):
        raise invalid_field("selection.states", "has a state that there is not")
    return tuple(dict.fromkeys(STATES[state] for state in given.states))


def _text(given: str, name: str) -> str | None:
    if len(given) > _MAX_TEXT:
        raise invalid_field(f"selection.{name}", f"is longer than {_MAX_TEXT} characters")
    return given or None


def _wanted(given: str, name: str) -> str | None:
    """What letters are searched for, which is more than blanks."""
    wanted = _text(given, name)
    if wanted is not None and not wanted.strip():
        raise invalid_field(f"selection.{name}", "is blank")
    return wanted


def _millis(moment: Timestamp, field: str) -> int:
    return _in_field(field, lambda: to_query_millis(moment))


def _in_field(field: str, read: Callable[[], _T]) -> _T:
    try:
        return read()
    except RefusedError as error:
        raise invalid_field(field, error.message) from error
