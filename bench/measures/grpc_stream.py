"""gRPC Stream, records a second, of everything there is."""

import os
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import grpc
from bson.raw_bson import RawBSONDocument
from pymongo import AsyncMongoClient

from bench.measure import Contender, Measure, Outcome, Role, Target
from bench.measures.calling import channel
from bench.measures.reading import populated
from bench.portico import TENANT, Portico
from bench.world import World
from gateway.grpc.pb.portico.v1.customers_pb2 import StreamCustomersRequest, StreamCustomersResponse

_METHOD = "/portico.v1.Customers/StreamCustomers"
_CUSTOMERS = 5_000
_BATCH = 500
_CURSOR_LIMIT = "cursor limit"


@asynccontextmanager
async def _contenders(world: World) -> AsyncIterator[Sequence[Contender]]:
    client: AsyncMongoClient[RawBSONDocument]
    async with (
        populated(world, "bench_stream", _CUSTOMERS) as (portico, gateway),
        channel(gateway.grpc) as opened,
        AsyncMongoClient(world.mongodb_url, document_class=RawBSONDocument) as client,
    ):
        total = await _count(opened, portico)

        async def stream(seconds: float) -> Outcome:
            begun, streams = time.perf_counter(), 0
            while time.perf_counter() < begun + seconds:
                async for _ in _stream(opened, portico):
                    pass
                streams += 1
            return _outcome(total * streams, begun)

        async def cursor(seconds: float) -> Outcome:
            begun, read = time.perf_counter(), 0
            customers = client[portico.name]["customers"]
            while time.perf_counter() < begun + seconds:
                found = customers.find(
                    {"tenant": TENANT}, sort=[("updated_at", 1), ("_id", 1)], batch_size=_BATCH
                )
                async for _ in found:
                    read += 1
            return _outcome(read, begun)

        yield [
            Contender("Portico", Role.PORTICO, stream, {"gateway": gateway.pid}),
            Contender(_CURSOR_LIMIT, Role.LIMIT, cursor, {"driver": os.getpid()}),
        ]


def _stream(opened: grpc.aio.Channel, portico: Portico) -> AsyncIterator[bytes]:
    metadata = (("authorization", f"Bearer {portico.token}"),)
    request = StreamCustomersRequest().SerializeToString()
    stream: grpc.aio.UnaryStreamMultiCallable[bytes, bytes] = opened.unary_stream(_METHOD)
    return aiter(stream(request, metadata=metadata))


async def _count(opened: grpc.aio.Channel, portico: Portico) -> int:
    """How many customers one stream brings. Raises RuntimeError where that is not all."""
    parts = [StreamCustomersResponse.FromString(part) async for part in _stream(opened, portico)]
    total = sum(len(part.customers) for part in parts)
    if total < _CUSTOMERS:
        raise RuntimeError(f"the stream brought {total} of {_CUSTOMERS} customers")
    return total


def _outcome(records: int, begun: float) -> Outcome:
    return Outcome(records / (time.perf_counter() - begun), records)


MEASURE = Measure(
    name="grpc-stream",
    title="gRPC StreamCustomers",
    unit="records/s",
    targets=(Target(_CURSOR_LIMIT, 0.6),),
    contenders=_contenders,
)
