"""A grpc.aio server that answers with what the store finds, in BSON as it came, or with the request."""

import asyncio
import os

import grpc
from bson.raw_bson import RawBSONDocument
from pymongo import AsyncMongoClient

FIND_ONE = "/bench.Limit/FindOne"
FIND_MANY = "/bench.Limit/FindMany"
"""Of ids with commas between them."""
_IDS_A_CALL = 50
"""As Portico asks: SecantusDB is slower with more of them."""


async def serve(port: int) -> None:
    """Serve for ever; MONGODB_URL and DATABASE name the store."""
    client: AsyncMongoClient[RawBSONDocument]
    async with AsyncMongoClient(os.environ["MONGODB_URL"], document_class=RawBSONDocument) as client:
        customers = client[os.environ["DATABASE"]]["customers"]

        async def find_one(request: bytes, _: object) -> bytes:
            found = await customers.find_one({"_id": request.decode()})
            return b"" if found is None else bytes(found.raw)

        async def find_many(request: bytes, _: object) -> bytes:
            ids = request.decode().split(",")
            parts = [ids[start : start + _IDS_A_CALL] for start in range(0, len(ids), _IDS_A_CALL)]
            found = await asyncio.gather(
                *(customers.find({"_id": {"$in": part}}).to_list() for part in parts)
            )
            return b"".join(one.raw for part in found for one in part)

        handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
            "FindOne": grpc.unary_unary_rpc_method_handler(find_one),
            "FindMany": grpc.unary_unary_rpc_method_handler(find_many),
        }
        server = grpc.aio.server()
        server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("bench.Limit", handlers)])
        server.add_insecure_port(f"127.0.0.1:{port}")
        await server.start()
        await server.wait_for_termination()
