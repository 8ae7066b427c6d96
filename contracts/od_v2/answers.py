"""What Open Delivery v2 answers besides records: errors, and verdicts on lenient requests."""

from typing import Annotated, Any, NotRequired

from pydantic import Field
from typing_extensions import TypedDict  # pydantic takes no other before Python 3.12

from contracts.odp_v1.answers import Verdict


class BadRequest(TypedDict):
    """What went wrong."""

    code: Annotated[str, Field(description="Stable, UPPER_SNAKE.", examples=["INVALID_PAYLOAD"])]
    message: Annotated[str, Field(description="Names the first fault's place in the request.")]
    details: NotRequired[
        Annotated[
            dict[str, Any],
            Field(description="`fields` holds each fault with its JSON Pointer, the first 100."),
        ]
    ]


class Verdicts(TypedDict):
    """What became of each record of a lenient request at once."""

    correlationId: Annotated[str, Field(description="The ingestion id, as in `Portico-Ingestion`.")]
    records: Annotated[int, Field(ge=0)]
    verdicts: list[Verdict]
