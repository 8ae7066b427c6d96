"""What the ODP v1 binding answers: the 202 body, the receipt and the error model (contracts A.3, A.4, R4)."""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict  # pydantic takes no other before Python 3.12

from contracts.types import Timestamp

_Pointer = Annotated[str, Field(description="JSON Pointer (RFC 6901) into the request body.")]
_Index = Annotated[int, Field(ge=0, description="The record's place in the request, from 0.")]
_Count = Annotated[int, Field(ge=0)]


class FieldFault(TypedDict):
    """One fault in a request."""

    pointer: _Pointer
    code: str
    message: str


class Verdict(TypedDict):
    """What became of one record of a lenient request at once."""

    index: _Index
    status: Literal["ACCEPTED", "MALFORMED"]
    faults: NotRequired[list[FieldFault]]


class Counts(TypedDict):
    """How many records had which outcome; together, all of the ingestion's."""

    created: _Count
    updated: _Count
    unchanged: _Count
    stale: _Count
    dead: _Count


class Result(TypedDict):
    """A record that was not simply applied."""

    index: _Index
    outcome: Literal["created", "updated", "unchanged", "stale", "dead"]
    code: str
    message: str
    pointer: _Pointer
    recordId: str


class Receipt(TypedDict):
    """What became of an ingestion; beyond `status` there is nothing while it is queued."""

    correlationId: Annotated[str, Field(description="The ingestion id.")]
    status: Literal["queued", "done"]
    operation: NotRequired[str]
    records: NotRequired[_Count]
    counts: NotRequired[Counts]
    results: NotRequired[list[Result]]
    acceptedAt: NotRequired[Timestamp]
    doneAt: NotRequired[Timestamp]


class AcceptedResponse(TypedDict):
    """The records are safe on the durable queue."""

    status: Literal["ACCEPTED"]
    correlationId: Annotated[str, Field(description="The ingestion id, as in `Portico-Ingestion`.")]
    records: NotRequired[_Count]
    verdicts: NotRequired[Annotated[list[Verdict], Field(description="Under `Prefer: handling=lenient`.")]]
    receipt: NotRequired[
        Annotated[Receipt, Field(description="Under `Prefer: wait`, where the outcome came in time.")]
    ]


class Error(TypedDict):
    """What went wrong."""

    code: Annotated[str, Field(description="Stable, UPPER_SNAKE.", examples=["INVALID_PAYLOAD"])]
    message: str
    details: NotRequired[
        Annotated[
            dict[str, Any],
            Field(
                description="`fields` holds each fault with its JSON Pointer, the first 100.",
                examples=[
                    {
                        "fields": [
                            {"pointer": "/customer/updatedAt", "code": "REQUIRED", "message": "is required"}
                        ]
                    }
                ],
            ),
        ]
    ]
    retryable: bool
    timestamp: Timestamp


class ErrorResponse(TypedDict):
    """The ODP error model."""

    error: Error
