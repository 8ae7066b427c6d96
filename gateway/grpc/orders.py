"""The service `Orders`."""

from collections.abc import AsyncIterator
from contextlib import aclosing

from gateway.grpc.mapping import write_bounded
from gateway.grpc.mapping_records import write_order
from gateway.grpc.pb.portico.v1 import orders_pb2 as pb
from gateway.grpc.pb.portico.v1.orders_pb2_grpc import OrdersServicer
from gateway.grpc.reads import Reads
from gateway.grpc.requests import occurrence_arguments, stream_start


class OrdersService(OrdersServicer):
    """Reads of orders."""

    def __init__(self, reads: Reads) -> None:
        """`reads` are those of orders."""
        self._reads = reads

    async def GetOrder(self, request: pb.GetOrderRequest, context: object) -> pb.Order:
        """One order by name."""
        return (await self._reads.get(request.name)).instead_of(pb.Order)

    async def BatchGetOrders(
        self, request: pb.BatchGetOrdersRequest, context: object
    ) -> pb.BatchGetOrdersResponse:
        """Several orders by name."""
        found = await self._reads.batch_get(request.names, request.allow_missing)
        return found.instead_of(pb.BatchGetOrdersResponse)

    async def ListOrders(self, request: pb.ListOrdersRequest, context: object) -> pb.ListOrdersResponse:
        """One page of orders."""
        arguments = occurrence_arguments(
            request, merchant_id=request.merchant_id, sales_channel=request.sales_channel
        )
        page, token = await self._reads.page(arguments)
        response = pb.ListOrdersResponse(next_page_token=token)
        for stored in page:
            write_bounded(stored, write_order, response.orders.add())
        return response

    async def StreamOrders(
        self, request: pb.StreamOrdersRequest, context: object
    ) -> AsyncIterator[pb.StreamOrdersResponse]:
        """Batches of what changed."""
        async with aclosing(self._reads.stream(*stream_start(request))) as batches:
            async for batch in batches:
                yield batch.instead_of(pb.StreamOrdersResponse)
