"""The errors that an admin port's problems stand for: those that the use cases raise on the spot."""

from collections.abc import Mapping
from typing import Any

from cli.errors import RemoteError
from cli.remote.readings import fault_of, job_of, whole_of
from domain.dead_letters.errors import EditConflictError, InvalidPayloadError, NoSuchLetterError, RepairError
from domain.errors import StoreUnavailableError
from domain.replay.errors import JobStateError, NoSuchJobError

_FAILURES = 500


def error_of(problem: Mapping[str, Any], about: str) -> Exception:  # noqa: PLR0911 - a table, one row an error
    """What `problem` says; `about` is the id that was asked for.

    Raises KeyError, TypeError and ValueError where it is none of Portico's.
    """
    detail = _text(problem["detail"])
    match problem["code"]:
        case "NO_SUCH_LETTER":
            return NoSuchLetterError(about)
        case "NO_SUCH_JOB":
            return NoSuchJobError(about)
        case "REVISION_CONFLICT":
            return EditConflictError(whole_of(problem["letter"], revealed=False))
        case "NOT_POSSIBLE" if "job" in problem:
            return JobStateError(job_of(problem["job"]))
        case "INVALID_PAYLOAD" if problem["status"] == 422:
            return InvalidPayloadError([fault_of(one) for one in problem["fields"]])
        case "UNAUTHORIZED":
            return RemoteError(f"the token is not accepted: {detail}")
        case "INSUFFICIENT_SCOPE":
            return RemoteError(f"the token lacks the role {_text(problem['requiredScope'])}")
    if problem["status"] >= _FAILURES:
        return StoreUnavailableError(detail)
    return RepairError(_with_fields(detail, problem.get("fields") or []))


def _with_fields(detail: str, fields: list[Mapping[str, Any]]) -> str:
    """`detail` with what it does not say of the parts that are wrong."""
    parts = [f"{one.get('pointer') or one.get('parameter') or ''} {one['message']}".strip() for one in fields]
    return "; ".join([detail, *(part for part in parts if part not in detail)])


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value
