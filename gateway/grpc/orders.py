"""The service `Orders`."""

from collections.abc import AsyncIterator

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
        message = pb.Order()
        write_bounded(await self._reads.get(request.name), write_order, message)
        return message

    async def BatchGetOrders(
        self, request: pb.BatchGetOrdersRequest, context: object
    ) -> pb.BatchGetOrdersResponse:
        """Several orders by name."""
        response = pb.BatchGetOrdersResponse()
        for stored in await self._reads.batch_get(request.names, request.allow_missing):
            write_bounded(stored, write_order, response.orders.add())
        return response

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
        async for batch, token in self._reads.stream(*stream_start(request)):
            response = pb.StreamOrdersResponse(resume_token=token)
            for stored in batch:
                write_bounded(stored, write_order, response.orders.add())
            yield response
