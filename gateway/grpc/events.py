"""The service `Events`."""

from collections.abc import AsyncIterator
from contextlib import aclosing

from domain.events import normalized_event_type
from gateway.grpc.mapping import write_bounded
from gateway.grpc.mapping_records import write_event
from gateway.grpc.pb.portico.v1 import events_pb2 as pb
from gateway.grpc.pb.portico.v1.events_pb2_grpc import EventsServicer
from gateway.grpc.reads import Reads
from gateway.grpc.requests import occurrence_arguments, stream_start


class EventsService(EventsServicer):
    """Reads of events."""

    def __init__(self, reads: Reads) -> None:
        """`reads` are those of events."""
        self._reads = reads

    async def GetEvent(self, request: pb.GetEventRequest, context: object) -> pb.Event:
        """One event by name."""
        return (await self._reads.get(request.name)).instead_of(pb.Event)

    async def BatchGetEvents(
        self, request: pb.BatchGetEventsRequest, context: object
    ) -> pb.BatchGetEventsResponse:
        """Several events by name."""
        found = await self._reads.batch_get(request.names, request.allow_missing)
        return found.instead_of(pb.BatchGetEventsResponse)

    async def ListEvents(self, request: pb.ListEventsRequest, context: object) -> pb.ListEventsResponse:
        """One page of events."""
        event_type = normalized_event_type(request.event_type)
        arguments = occurrence_arguments(request, by_occurrence=bool(event_type), event_type_norm=event_type)
        page, token = await self._reads.page(arguments)
        response = pb.ListEventsResponse(next_page_token=token)
        for stored in page:
            write_bounded(stored, write_event, response.events.add())
        return response

    async def StreamEvents(
        self, request: pb.StreamEventsRequest, context: object
    ) -> AsyncIterator[pb.StreamEventsResponse]:
        """Batches of what changed."""
        async with aclosing(self._reads.stream(*stream_start(request))) as batches:
            async for batch in batches:
                yield batch.instead_of(pb.StreamEventsResponse)
