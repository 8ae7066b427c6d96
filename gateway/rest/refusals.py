"""What the use cases refuse, as answers: the one place where their errors get a status."""

from contracts.operations import MAX_FAULTS
from domain.loyalty.errors import LoyaltyError
from domain.reading import AmbiguousKeyError
from gateway.accept import MalformedBodyError, OutcomeConflictError, TooManyRecordsError
from gateway.paging import InvalidCursorError
from gateway.rest.access import NotYetAppliedError
from gateway.rest.answers import faults_json, receipt_json
from gateway.rest.errors import ApiError
from gateway.rest.loyalty_refusals import loyalty_refusal


def refusal(error: Exception) -> ApiError | None:  # noqa: PLR0911 - a table, one row an error
    """The answer to an error of a use case; None for any other."""
    match error:
        case MalformedBodyError():
            fields = faults_json(error.malformed)[:MAX_FAULTS]
            return ApiError(400, "INVALID_PAYLOAD", str(error), details={"fields": fields})
        case TooManyRecordsError():
            return ApiError(413, "TOO_MANY_RECORDS", str(error))
        case OutcomeConflictError():
            return _conflict(error)
        case InvalidCursorError():
            fault = {"parameter": "cursor", "code": "INVALID_PARAMETER", "message": str(error)}
            return ApiError(400, "INVALID_PARAMETER", str(error), details={"fields": [fault]})
        case AmbiguousKeyError():
            return ApiError(400, "AMBIGUOUS_IDENTIFIER", "several customers are called that")
        case NotYetAppliedError():
            return ApiError(503, "NOT_YET_APPLIED", str(error), retryable=True, headers={"Retry-After": "1"})
        case LoyaltyError():
            return loyalty_refusal(error)
        case _:
            return None


def _conflict(error: OutcomeConflictError) -> ApiError:
    """409, named after the first conflict; the receipt tells what became of every record."""
    receipt = error.receipt
    return ApiError(
        409,
        error.code,
        str(error),
        details={"receipt": receipt_json(receipt)},
        headers={"Portico-Ingestion": receipt.ingestion_id},
    )
