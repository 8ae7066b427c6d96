"""gRPC BatchGet requests a second, of 100 customers each, 32 callers."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from bench.limits.find import FIND_MANY
from bench.measure import Contender, Measure, Target
from bench.measures.copying import uid
from bench.measures.reading import FIND_LIMIT, answering, populated
from bench.world import World
from gateway.grpc.pb.portico.v1.customers_pb2 import BatchGetCustomersRequest

_METHOD = "/portico.v1.Customers/BatchGetCustomers"
_CUSTOMERS = 2_000
_BATCH = 100


@asynccontextmanager
async def _contenders(world: World) -> AsyncIterator[Sequence[Contender]]:
    ids = [uid(number) for number in range(_CUSTOMERS)]
    parts = [ids[start : start + _BATCH] for start in range(0, _CUSTOMERS, _BATCH)]
    requests = [
        BatchGetCustomersRequest(names=[f"customers/{id}" for id in part]).SerializeToString()
        for part in parts
    ]
    bare = [",".join(part).encode() for part in parts]
    async with (
        populated(world, "bench_batch_get", _CUSTOMERS) as (portico, gateway),
        answering(portico, gateway, (_METHOD, requests), (FIND_MANY, bare)) as found,
    ):
        yield found


MEASURE = Measure(
    name="grpc-batch-get",
    title=f"gRPC BatchGetCustomers of {_BATCH}, 32 callers",
    unit="requests/s",
    targets=(Target(FIND_LIMIT, 0.6),),
    contenders=_contenders,
)
