"""What operators got wrong, as gRPC says it: status codes with the details of `google.rpc`."""

from collections.abc import Mapping, Sequence

from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from grpc import StatusCode

from domain.dead_letters.errors import EditConflictError, InvalidPayloadError, NoSuchLetterError, RepairError
from domain.records import Fault
from domain.replay.errors import JobStateError, NoSuchJobError
from gateway.grpc.refusal import RefusedError

_DOMAIN = "portico"
_MOST_FAULTS, _LONGEST = 20, 200
"""What is told of faults at most: trailing metadata have little room."""
_MOST_BYTES = 4 * 1024
"""Of another's version: clients take 8 KiB of metadata."""


def plain(text: str) -> str:
    """`text` as protobuf takes it: half characters, which senders can write, spelled out."""
    return text.encode("utf-8", "backslashreplace").decode()


def operator_refusal(error: RepairError) -> RefusedError:
    """The refusal that `error` is; the more special first."""
    match error:
        case NoSuchLetterError():
            return RefusedError.not_found("dead letter not found")
        case NoSuchJobError():
            return RefusedError.not_found("replay job not found")
        case EditConflictError():
            facts = {"revision": str(error.kept.revision)}
            return _refused(StatusCode.ABORTED, "REVISION_CONFLICT", str(error), facts)
        case InvalidPayloadError():
            return _invalid_payload(error.faults)
        case JobStateError():
            facts = {"state": error.job.state.value}
            return _refused(StatusCode.FAILED_PRECONDITION, "JOB_STATE", str(error), facts)
        case _:
            return _refused(StatusCode.FAILED_PRECONDITION, "NOT_POSSIBLE", str(error), {})


def edit_conflict(error: EditConflictError, theirs: Message) -> RefusedError:
    """The same of an edit, with `theirs`, the other's version, as far as there is room for it."""
    refusal = operator_refusal(error)
    details = (*refusal.details, theirs) if theirs.ByteSize() <= _MOST_BYTES else refusal.details
    return RefusedError(refusal.code, refusal.message, details)


def _refused(code: StatusCode, reason: str, message: str, facts: Mapping[str, str]) -> RefusedError:
    message = plain(message)[: _LONGEST * 2]
    return RefusedError(code, message, (ErrorInfo(reason=reason, domain=_DOMAIN, metadata=facts),))


def _invalid_payload(faults: Sequence[Fault]) -> RefusedError:
    violations = [
        BadRequest.FieldViolation(
            field="payload",
            description=plain(f"{fault.code} at {fault.pointer or '/'}: {fault.message}")[:_LONGEST],
        )
        for fault in faults[:_MOST_FAULTS]
    ]
    return RefusedError(
        StatusCode.INVALID_ARGUMENT,
        "the contract does not take this payload",
        (ErrorInfo(reason="INVALID_PAYLOAD", domain=_DOMAIN), BadRequest(field_violations=violations)),
    )
