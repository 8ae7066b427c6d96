"""What the requests of all entities have in common, in domain terms."""

from typing import Literal, Protocol

from google.protobuf.timestamp_pb2 import Timestamp

from domain.reading import Order
from gateway.grpc.mapping import to_query_millis
from gateway.grpc.reads import ListArguments
from gateway.grpc.refusal import invalid


class ListRequest(Protocol):
    """A List request of any entity."""

    page_size: int
    page_token: str

    @property
    def updated_after(self) -> Timestamp:
        """The time filter."""

    def HasField(self, field_name: Literal["updated_after"], /) -> bool:
        """Whether a field is set."""


class OccurrenceListRequest(Protocol):
    """A List request of an entity that has a date of its own."""

    page_size: int
    page_token: str
    customer: str
    latest_first: bool

    @property
    def updated_after(self) -> Timestamp:
        """Filter by version."""

    @property
    def occurred_after(self) -> Timestamp:
        """Filter by the record's own date."""

    @property
    def occurred_before(self) -> Timestamp:
        """Filter by the record's own date."""

    def HasField(self, field_name: Literal["updated_after", "occurred_after", "occurred_before"], /) -> bool:
        """Whether a field is set."""


class StreamRequest(Protocol):
    """A Stream request of any entity."""

    resume_token: str

    @property
    def changed_after(self) -> Timestamp:
        """Where to begin."""

    def HasField(self, field_name: Literal["changed_after"], /) -> bool:
        """Whether a field is set."""


def list_arguments(request: ListRequest, customer: str = "", **columns: str) -> ListArguments:
    """What a List request asks for; `columns` are filters, empty where not given. Raises RefusedError."""
    updated_after = to_query_millis(request.updated_after) if request.HasField("updated_after") else None
    return ListArguments(
        request.page_size, request.page_token, customer=customer, equal=_given(columns), above=updated_after
    )


def occurrence_arguments(
    request: OccurrenceListRequest, *, by_occurrence: bool = False, **columns: str
) -> ListArguments:
    """The same of an entity that has a date of its own.

    The list is ordered by that date where it is filtered by it, or where `by_occurrence` says so.
    Raises RefusedError.
    """
    after = to_query_millis(request.occurred_after) if request.HasField("occurred_after") else None
    until = _before(request.occurred_before) if request.HasField("occurred_before") else None
    order = Order.VERSION
    if by_occurrence or after is not None or until is not None:
        if request.HasField("updated_after"):
            raise invalid("updated_after cannot go with a filter of another order")
        order = Order.OCCURRED
    elif request.HasField("updated_after"):
        after = to_query_millis(request.updated_after)
    return ListArguments(
        request.page_size,
        request.page_token,
        customer=request.customer,
        equal=_given(columns),
        order=order,
        above=after,
        until=until,
        latest_first=request.latest_first,
    )


def stream_start(request: StreamRequest) -> tuple[int | None, str]:
    """Where a Stream request begins: milliseconds since the epoch, and a token. Raises RefusedError."""
    changed_after = to_query_millis(request.changed_after) if request.HasField("changed_after") else None
    return changed_after, request.resume_token


def _before(moment: Timestamp) -> int:
    """The last millisecond that begins before `moment`."""
    millis = to_query_millis(moment)
    return millis if moment.nanos % 1_000_000 else millis - 1


def _given(columns: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((column, value) for column, value in columns.items() if value)
