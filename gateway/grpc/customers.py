"""The service `Customers`."""

from collections.abc import AsyncIterator
from contextlib import aclosing

from domain.reading import Reader
from gateway.grpc.call import current
from gateway.grpc.lookup import lookup_keys
from gateway.grpc.mapping import write_bounded
from gateway.grpc.mapping_customer import write_customer
from gateway.grpc.names import CUSTOMERS
from gateway.grpc.pb.portico.v1 import customers_pb2 as pb
from gateway.grpc.pb.portico.v1.customers_pb2_grpc import CustomersServicer
from gateway.grpc.reads import Reads
from gateway.grpc.requests import list_arguments, stream_start


class CustomersService(CustomersServicer):
    """Reads of customers."""

    def __init__(self, reads: Reads, reader: Reader, region: str) -> None:
        """`reads` are those of customers; `region` is the country of phone numbers written without one."""
        self._reads = reads
        self._reader = reader
        self._region = region

    async def GetCustomer(self, request: pb.GetCustomerRequest, context: object) -> pb.Customer:
        """One customer by name."""
        return (await self._reads.get(request.name)).instead_of(pb.Customer)

    async def BatchGetCustomers(
        self, request: pb.BatchGetCustomersRequest, context: object
    ) -> pb.BatchGetCustomersResponse:
        """Several customers by name."""
        found = await self._reads.batch_get(request.names, request.allow_missing)
        return found.instead_of(pb.BatchGetCustomersResponse)

    async def ListCustomers(
        self, request: pb.ListCustomersRequest, context: object
    ) -> pb.ListCustomersResponse:
        """One page of customers."""
        page, token = await self._reads.page(list_arguments(request, merchant_id=request.merchant_id))
        response = pb.ListCustomersResponse(next_page_token=token)
        for stored in page:
            write_bounded(stored, write_customer, response.customers.add())
        return response

    async def StreamCustomers(
        self, request: pb.StreamCustomersRequest, context: object
    ) -> AsyncIterator[pb.StreamCustomersResponse]:
        """Batches of what changed."""
        async with aclosing(self._reads.stream(*stream_start(request))) as batches:
            async for batch in batches:
                yield batch.instead_of(pb.StreamCustomersResponse)

    async def LookupCustomer(self, request: pb.LookupCustomerRequest, context: object) -> pb.Customer:
        """The customer that an identity key names."""
        for key in lookup_keys(request, self._region):
            customer_id = await self._reader.lookup(current().tenant, key)
            if customer_id is not None:
                return (await self._reads.get_by_id(customer_id)).instead_of(pb.Customer)
        raise CUSTOMERS.not_found()
