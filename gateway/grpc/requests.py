"""What the requests of all entities have in common, in domain terms."""

from typing import Literal, Protocol

from google.protobuf.timestamp_pb2 import Timestamp

from gateway.grpc.mapping import to_query_millis
from gateway.grpc.reads import ListArguments


class ListRequest(Protocol):
    """A List request of any entity."""

    page_size: int
    page_token: str

    @property
    def updated_after(self) -> Timestamp:
        """The time filter."""

    def HasField(self, field_name: Literal["updated_after"], /) -> bool:
        """Whether a field is set."""


class StreamRequest(Protocol):
    """A Stream request of any entity."""

    resume_token: str

    @property
    def changed_after(self) -> Timestamp:
        """Where to begin."""

    def HasField(self, field_name: Literal["changed_after"], /) -> bool:
        """Whether a field is set."""


def list_arguments(request: ListRequest, customer: str = "") -> ListArguments:
    """What a List request asks for. Raises RefusedError."""
    updated_after = to_query_millis(request.updated_after) if request.HasField("updated_after") else None
    return ListArguments(request.page_size, request.page_token, updated_after, customer)


def stream_start(request: StreamRequest) -> tuple[int | None, str]:
    """Where a Stream request begins: milliseconds since the epoch, and a token. Raises RefusedError."""
    changed_after = to_query_millis(request.changed_after) if request.HasField("changed_after") else None
    return changed_after, request.resume_token
