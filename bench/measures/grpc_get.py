"""gRPC Get requests a second, 32 callers."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from bench.limits.find import FIND_ONE
from bench.measure import Contender, Measure, Target
from bench.measures.copying import uid
from bench.measures.reading import FIND_LIMIT, answering, populated
from bench.world import World
from gateway.grpc.pb.portico.v1.customers_pb2 import GetCustomerRequest

METHOD = "/portico.v1.Customers/GetCustomer"
_CUSTOMERS = 2_000


@asynccontextmanager
async def _contenders(world: World) -> AsyncIterator[Sequence[Contender]]:
    requests = [get_request(uid(number)) for number in range(_CUSTOMERS)]
    ids = [uid(number).encode() for number in range(_CUSTOMERS)]
    async with (
        populated(world, "bench_get", _CUSTOMERS) as (portico, gateway),
        answering(portico, gateway, (METHOD, requests), (FIND_ONE, ids)) as found,
    ):
        yield found


def get_request(id: str) -> bytes:
    """A request for a customer by the stored id."""
    return GetCustomerRequest(name=f"customers/{id}").SerializeToString()


MEASURE = Measure(
    name="grpc-get",
    title="gRPC GetCustomer, 32 callers",
    unit="requests/s",
    targets=(Target(FIND_LIMIT, 0.6),),
    contenders=_contenders,
)
