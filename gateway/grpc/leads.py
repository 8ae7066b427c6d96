"""The service `Leads`."""

from collections.abc import AsyncIterator
from contextlib import aclosing

from gateway.grpc.mapping import write_bounded
from gateway.grpc.mapping_records import write_lead
from gateway.grpc.pb.portico.v1 import leads_pb2 as pb
from gateway.grpc.pb.portico.v1.leads_pb2_grpc import LeadsServicer
from gateway.grpc.reads import Reads
from gateway.grpc.requests import list_arguments, stream_start


class LeadsService(LeadsServicer):
    """Reads of leads."""

    def __init__(self, reads: Reads) -> None:
        """`reads` are those of leads."""
        self._reads = reads

    async def GetLead(self, request: pb.GetLeadRequest, context: object) -> pb.Lead:
        """One lead by name."""
        return (await self._reads.get(request.name)).instead_of(pb.Lead)

    async def BatchGetLeads(
        self, request: pb.BatchGetLeadsRequest, context: object
    ) -> pb.BatchGetLeadsResponse:
        """Several leads by name."""
        found = await self._reads.batch_get(request.names, request.allow_missing)
        return found.instead_of(pb.BatchGetLeadsResponse)

    async def ListLeads(self, request: pb.ListLeadsRequest, context: object) -> pb.ListLeadsResponse:
        """One page of leads."""
        arguments = list_arguments(request, request.customer, external_keys=request.external_id)
        page, token = await self._reads.page(arguments)
        response = pb.ListLeadsResponse(next_page_token=token)
        for stored in page:
            write_bounded(stored, write_lead, response.leads.add())
        return response

    async def StreamLeads(
        self, request: pb.StreamLeadsRequest, context: object
    ) -> AsyncIterator[pb.StreamLeadsResponse]:
        """Batches of what changed."""
        async with aclosing(self._reads.stream(*stream_start(request))) as batches:
            async for batch in batches:
                yield batch.instead_of(pb.StreamLeadsResponse)
