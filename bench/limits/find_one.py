"""A grpc.aio server that answers a call with what `find_one` found, in BSON as it came."""

import os

import grpc
from bson.raw_bson import RawBSONDocument
from pymongo import AsyncMongoClient

METHOD = "/bench.Limit/FindOne"
ECHO = "/bench.Limit/Echo"


async def serve(port: int) -> None:
    """Serve for ever; MONGODB_URL and DATABASE name the store."""
    async with AsyncMongoClient(os.environ["MONGODB_URL"], document_class=RawBSONDocument) as client:
        customers = client[os.environ["DATABASE"]]["customers"]

        async def find_one(request: bytes, _: object) -> bytes:
            found = await customers.find_one({"_id": request.decode()})
            return b"" if found is None else bytes(found.raw)

        async def echo(request: bytes, _: object) -> bytes:
            return request

        handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
            "FindOne": grpc.unary_unary_rpc_method_handler(find_one),
            "Echo": grpc.unary_unary_rpc_method_handler(echo),
        }
        server = grpc.aio.server()
        server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("bench.Limit", handlers)])
        server.add_insecure_port(f"127.0.0.1:{port}")
        await server.start()
        await server.wait_for_termination()
